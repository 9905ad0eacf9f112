/** Protocol x role -> what this party does. */
import { alignJob } from './align.ts';
import type { ProtocolName, Role } from './fields.ts';
import { activeMeasureJob, passiveMeasureJob } from './measure.ts';
import { activePredictJob, passivePredictJob } from './predict.ts';
import type { JobRole } from './role.ts';
import { activeTrainJob, passiveTrainJob } from './train.ts';

export const catalogue: Readonly<Record<ProtocolName, Readonly<Record<Role, JobRole>>>> = {
  align: { active: alignJob, passive: alignJob },
  train: { active: activeTrainJob, passive: passiveTrainJob },
  measure: { active: activeMeasureJob, passive: passiveMeasureJob },
  predict: { active: activePredictJob, passive: passivePredictJob },
};
