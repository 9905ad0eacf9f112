/** Protocol x role -> what this party does. */
import { alignJob } from './align.ts';
import { activeCountJob, passiveCountJob } from './count.ts';
import { activeExcludeJob, passiveExcludeJob } from './exclude.ts';
import type { ProtocolName, Role } from './fields.ts';
import { activeMeasureJob, passiveMeasureJob } from './measure.ts';
import { activePredictJob, passivePredictJob } from './predict.ts';
import type { JobRole } from './role.ts';
import { selectJob } from './select.ts';
import { activeTrainJob, passiveTrainJob } from './train.ts';

export const catalogue: Readonly<Record<ProtocolName, Readonly<Record<Role, JobRole>>>> = {
  align: { active: alignJob, passive: alignJob },
  train: { active: activeTrainJob, passive: passiveTrainJob },
  exclude: { active: activeExcludeJob, passive: passiveExcludeJob },
  select: { active: selectJob, passive: selectJob },
  count: { active: activeCountJob, passive: passiveCountJob },
  measure: { active: activeMeasureJob, passive: passiveMeasureJob },
  predict: { active: activePredictJob, passive: passivePredictJob },
};
