import { expect, test } from 'vitest';
import { type Combination, unrollNesterov } from '../../src/math/nesterov.ts';

const schedule = { passes: 9, step: 2, ridge: 0.01 };
const gradients = Array.from({ length: schedule.passes }, (_, i) => Math.cos(3 * i));
const at = ({ start, gradients: c }: Combination, y0: number): number =>
  c.reduce((sum, each, i) => sum + each * gradients[i]!, start * y0);

test('the unrolled points equal those of the recursion, whatever the gradients', () => {
  const { looks, end } = unrollNesterov(schedule);
  let [weight, before] = [0.3, 0.3];
  for (let pass = 1; pass <= schedule.passes; pass++) {
    const look = weight + ((pass - 1) / (pass + 2)) * (weight - before);
    expect(at(looks[pass - 1]!, 0.3)).toBeCloseTo(look, 12);
    before = weight;
    weight = (1 - schedule.step * schedule.ridge) * look - schedule.step * gradients[pass - 1]!;
  }
  expect(at(end, 0.3)).toBeCloseTo(weight, 12);
});

test('a point depends on no gradient that was not taken yet', () => {
  for (const [pass, look] of unrollNesterov(schedule).looks.entries())
    expect(look.gradients.slice(pass).every((c) => c === 0)).toBe(true);
});

test('without ridge the starting point stays in full', () => {
  const { looks, end } = unrollNesterov({ ...schedule, ridge: 0 });
  for (const { start } of [...looks, end]) expect(start).toBeCloseTo(1, 12);
});
