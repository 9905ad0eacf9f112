/** Protocol x role -> what this party does. */
import { alignJob } from './align.ts';
import type { ProtocolName, Role } from './fields.ts';
import { activePredictJob, passivePredictJob } from './predict.ts';
import type { JobRole } from './role.ts';
import { activeTrainJob, passiveTrainJob } from './train.ts';

export const catalogue: Readonly<Record<ProtocolName, Readonly<Record<Role, JobRole>>>> = {
  align: { active: alignJob, passive: alignJob },
  train: { active: activeTrainJob, passive: passiveTrainJob },
  predict: { active: activePredictJob, passive: passivePredictJob },
};
