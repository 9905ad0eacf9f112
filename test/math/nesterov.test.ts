import { expect, test } from 'vitest';
import { type Combination, unrollNesterov } from '../../src/math/nesterov.ts';

const schedule = { passes: 9, step: 2, ridge: 0.01 };
const gradients = Array.from({ length: schedule.passes }, (_, i) => Math.cos(3 * i));
const at = (c: Combination): number => c.reduce((sum, each, i) => sum + each * gradients[i]!, 0);

test('the unrolled points equal those of the recursion, whatever the gradients', () => {
  const { looks, end } = unrollNesterov(schedule);
  let [weight, before] = [0, 0];
  for (let pass = 1; pass <= schedule.passes; pass++) {
    const look = weight + ((pass - 1) / (pass + 2)) * (weight - before);
    expect(at(looks[pass - 1]!)).toBeCloseTo(look, 12);
    before = weight;
    weight = (1 - schedule.step * schedule.ridge) * look - schedule.step * gradients[pass - 1]!;
  }
  expect(at(end)).toBeCloseTo(weight, 12);
});

test('a point depends on no gradient that was not taken yet', () => {
  for (const [pass, look] of unrollNesterov(schedule).looks.entries())
    expect(look.slice(pass).every((c) => c === 0)).toBe(true);
});

test('with one pass the weights are a step against the gradient', () => {
  expect([...unrollNesterov({ passes: 1, step: 2, ridge: 0.5 }).end]).toEqual([-2]);
});
