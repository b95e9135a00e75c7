"""Meta-training in the visitor's own browser."""

from __future__ import annotations

from dataclasses import asdict, replace

from model.maml.recipes import ONE_MINUTE

SMALL = replace(ONE_MINUTE, num_epochs=2, episodes_per_task=4, min_support_episodes=4, max_steps_per_episode=40)
TRAIN = """async ({ config, hands }) => {
  const { ssmTrain: train } = window, sizes = { S: 32, I: 4, O: 4, H: 64 }, crew = await train.makeCrew({ count: hands });
  const theta = train.firstWeights(sizes, config.seed), workers = crew.local ? 0 : crew.hands.length;
  let best;
  for await (const epoch of train.metaTrain(crew, { sizes, config, families: ["reversed_motor", "wind"], theta })) best = epoch.best;
  crew.close();
  return { workers, bits: [...new BigUint64Array(best.buffer)].map(String).join() };
}"""


def test_one_two_and_four_workers_make_the_same_policy_to_the_bit(alone):
    page = alone().page
    rows = [page.evaluate(TRAIN, {"config": asdict(SMALL), "hands": hands}) for hands in (1, 2, 4)]
    assert [row["workers"] for row in rows] == [1, 2, 4]
    assert len({row["bits"] for row in rows}) == 1


def test_without_workers_or_after_one_has_died_it_goes_on_to_the_same_policy(alone):
    page = alone().page
    expected = page.evaluate(TRAIN, {"config": asdict(SMALL), "hands": 1})["bits"]
    page.evaluate("() => { window.spare = window.Worker; }")
    page.evaluate(
        """() => { window.Worker = class extends window.spare {
          postMessage(message) { // the second batch of episodes kills it
            this.batches = (this.batches ?? 0) + (message.act === "collect");
            if (this.batches < 2) super.postMessage(message);
            else this.onerror(new Event("error"));
          }
        }; }"""
    )
    assert page.evaluate(TRAIN, {"config": asdict(SMALL), "hands": 2})["bits"] == expected
    page.evaluate("() => { window.Worker = class { constructor() { throw Error(); } }; }")
    row = page.evaluate(TRAIN, {"config": asdict(SMALL), "hands": 2})
    assert row["workers"] == 0 and row["bits"] == expected
