package org.mobula.core.collection;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.mobula.core.algorithm.AlgorithmConfig;
import org.mobula.core.algorithm.dqn.DqnConfig;
import org.mobula.core.algorithm.ppo.PpoConfig;
import org.mobula.core.algorithm.sac.SacConfig;
import org.mobula.core.collection.ExternalEpisodes.Observation;
import org.mobula.core.collection.ExternalEpisodes.Player;
import org.mobula.core.collection.ExternalEpisodes.Refusal;
import org.mobula.core.collection.ExternalEpisodes.Reward;
import org.mobula.core.collection.ExternalEpisodes.Rewarder;
import org.mobula.core.environment.Environment;
import org.mobula.core.environment.ExternalEnvironment;
import org.mobula.core.environment.Reset;
import org.mobula.core.environment.Step;
import org.mobula.core.environment.catalogue.EnvironmentCatalogue;
import org.mobula.core.experience.Experience;
import org.mobula.core.parameters.ParameterSnapshot;
import org.mobula.core.policy.Policy;
import org.mobula.core.policy.PolicySnapshot;
import org.mobula.core.policy.PolicySpec;
import org.mobula.core.random.Pcg64;
import org.mobula.core.random.SeedSequence;
import org.mobula.core.space.Box;
import org.mobula.core.space.Discrete;
import org.mobula.core.space.MultiDiscrete;
import org.mobula.core.training.ExperienceSetup;
import org.mobula.core.training.RunDirectory;
import org.mobula.core.training.Trainer;
import org.mobula.core.training.TrainingResult;
import org.mobula.core.training.config.EnvironmentConfig;
import org.mobula.core.training.config.EvaluationConfig;
import org.mobula.core.training.config.NormalizationConfig;
import org.mobula.core.training.config.StopConfig;
import org.mobula.core.training.config.TrainingConfig;

/** Episodes that others play, in the thread that trains: who gets an action asks for the next. */
@Timeout(300)
class ExternalEpisodesTest {
  private static final Duration PATIENCE = Duration.ofSeconds(10);
  private static final int STEPS = 8;

  @TempDir private Path folder;
  private final AtomicLong now = new AtomicLong();

  private byte[] policyFile(String run) throws IOException {
    Path newest = new RunDirectory(folder.resolve(run)).latest().orElseThrow();
    return Files.readAllBytes(newest.resolve(Policy.FILE_NAME));
  }

  // A policy that is trained on episodes of others.

  /** Plays an environment, each episode as soon as the one before is over. */
  private static class Playing implements Player {
    final ExternalEpisodes episodes;
    final Environment world;
    final Step step;
    final boolean[] mask;
    final String name;
    int episode;

    Playing(ExternalEpisodes episodes, Environment world, long seed, String name) {
      this.episodes = episodes;
      this.world = world;
      this.name = name;
      step = new Step(world.observationSpace());
      mask = new boolean[world.masksActions() ? world.actionSpace().maskSize() : 0];
      begin(Reset.seeded(seed));
    }

    private void begin(Reset reset) {
      episode++;
      world.reset(reset, step.observation);
      show(true, null, false, false);
    }

    private void show(
        boolean starts, @Nullable Double reward, boolean terminated, boolean truncated) {
      if (mask.length > 0) {
        world.actionMask(mask);
      }
      String session = name + episode;
      episodes.act(
          new Observation(
              session,
              starts,
              step.observation.clone(),
              mask.clone(),
              reward,
              terminated,
              truncated),
          this);
    }

    @Override
    public boolean isGone() {
      return false;
    }

    @Override
    public void act(float[] action, String id, long version) {
      step.clear();
      world.step(action, step);
      show(false, step.reward, step.terminated, step.truncated);
    }

    @Override
    public void end(double episodeReturn, int steps) {
      begin(Reset.unseeded());
    }

    @Override
    public void refuse(Refusal why, String sentence) {
      assertThat(why).as(sentence).isEqualTo(Refusal.OVER);
    }
  }

  private static Environment world(String name) {
    Map<String, Object> options = Map.of("max-episode-steps", 30);
    return EnvironmentCatalogue.standard().factory(name, options).create();
  }

  private static TrainingConfig training(AlgorithmConfig algorithm, int count, long steps) {
    return TrainingConfig.defaults(
            EnvironmentConfig.defaults("given in Java").withCount(count), algorithm)
        .withSeed(3)
        .withNormalization(NormalizationConfig.defaults().withObservations(true).withRewards(true))
        .withEvaluation(EvaluationConfig.defaults().withEpisodes(0))
        .withStop(StopConfig.defaults().withEnvironmentSteps(steps));
  }

  private static TrainingResult trainedByOthers(TrainingConfig config, String name, int players) {
    return trainedByOthers(Trainer.builder(config), config, name, players);
  }

  private static TrainingResult trainedByOthers(
      Trainer.Builder trainer, TrainingConfig config, String name, int players) {
    Environment any = world(name);
    ExternalEnvironment external =
        new ExternalEnvironment(any.observationSpace(), any.actionSpace(), any.masksActions());
    try (ExternalEpisodes episodes = new ExternalEpisodes(external, PATIENCE, System::nanoTime)) {
      long seed = SeedSequence.of(config.seed()).stream("environments").generateState(1)[0] >>> 33;
      for (int i = 0; i < players; i++) {
        Playing playing = new Playing(episodes, world(name), seed + i, "player " + i + "/");
        assertThat(playing.episode).isEqualTo(1);
      }
      int lanes = config.environment().count();
      return trainer
          .environment(() -> external)
          .experience(
              setup ->
                  episodes.collector(
                      IntStream.range(0, lanes).mapToObj(i -> setup.collector(i, lanes)).toList()))
          .build()
          .train();
    }
  }

  @Test
  void oneWhoPlaysAsTheEnvironmentDoesLeadsToTheSameBits() throws IOException {
    PpoConfig ppo = PpoConfig.defaults().withSteps(64).withEpochs(2);
    TrainingConfig config = training(ppo, 1, 512);
    TrainingResult within =
        Trainer.builder(config)
            .environment(() -> world("CartPole-v1"))
            .directory(folder.resolve("within"))
            .build()
            .train();
    Trainer.Builder trainer = Trainer.builder(config).directory(folder.resolve("others"));
    TrainingResult byOthers = trainedByOthers(trainer, config, "CartPole-v1", 1);
    assertThat(policyFile("others")).isEqualTo(policyFile("within"));
    assertThat(byOthers.progress().episodes()).isEqualTo(within.progress().episodes());
    assertThat(byOthers.progress().recentReturnMean())
        .isEqualTo(within.progress().recentReturnMean());
  }

  @Test
  void fewerPlayersThanLanesFillThemAll() {
    PpoConfig ppo = PpoConfig.defaults().withSteps(16).withEpochs(1);
    TrainingResult result = trainedByOthers(training(ppo, 5, 640), "CartPole-v1", 2);
    assertThat(result.progress().environmentSteps()).isEqualTo(640);
    assertThat(result.progress().episodes()).isBetween(15L, 80L); // of 8 to 30 steps
  }

  @Test
  void morePlayersThanLanesTakeTurns() {
    TrainingConfig config =
        training(DqnConfig.defaults().withWarmUpSteps(100), 2, 600)
            .withNormalization(NormalizationConfig.defaults());
    TrainingResult result = trainedByOthers(config, "CartPole-v1", 5);
    assertThat(result.progress().environmentSteps()).isEqualTo(600);
  }

  @Test
  void actionsInABoxAreInTheEnvironmentsUnits() {
    TrainingConfig config =
        training(SacConfig.defaults().withWarmUpSteps(60), 2, 120)
            .withNormalization(NormalizationConfig.defaults());
    TrainingResult result = trainedByOthers(config, "Pendulum-v1", 2);
    assertThat(result.progress().environmentSteps()).isEqualTo(120);
  }

  // Lanes, step by step: an episode shows 0, 1, 2, …; the reward is the number that is shown next.

  private final ExternalEnvironment line =
      new ExternalEnvironment(Box.unbounded(1), new Discrete(3), true);
  private final ExternalEpisodes episodes = new ExternalEpisodes(line, PATIENCE, now::get);

  private ExperienceSource source(int lanes) {
    TrainingConfig config =
        training(PpoConfig.defaults().withSteps(STEPS), lanes, 1000)
            .withNormalization(NormalizationConfig.defaults());
    ExperienceSetup setup =
        new ExperienceSetup(config, ExperienceSetup.policy(config, () -> line), () -> line);
    return episodes.collector(
        IntStream.range(0, lanes).mapToObj(i -> setup.collector(i, lanes)).toList());
  }

  private PolicySnapshot policy(long version) {
    TrainingConfig config = training(PpoConfig.defaults(), 1, 1000);
    PolicySpec spec = ExperienceSetup.policy(config, () -> line);
    float[] parameters = spec.network().initialParameters(new Pcg64(1));
    return new PolicySnapshot(new ParameterSnapshot(version, parameters), null);
  }

  /** Shows a line of numbers, all from the callbacks of the answers. */
  private class Line implements Player {
    final String name;
    final int length;
    final int last;
    final List<Long> versions = new ArrayList<>();
    final List<Integer> actions = new ArrayList<>();
    final List<String> ids = new ArrayList<>();
    final List<Double> returns = new ArrayList<>();
    final List<Refusal> refusals = new ArrayList<>();
    String sentence = "";
    int episode;
    int shown;

    /**
     * A player that begins at once.
     *
     * @param length steps of an episode
     * @param last after so many actions there comes nothing more
     */
    Line(String name, int length, int last) {
      this.name = name;
      this.length = length;
      this.last = last;
      show(null);
    }

    void show(@Nullable Double reward) {
      boolean over = shown == length;
      episodes.act(
          new Observation(
              name + episode,
              null,
              new float[] {shown},
              new boolean[] {true, false, true},
              reward,
              over && episode % 2 == 0,
              over && episode % 2 == 1),
          this);
    }

    @Override
    public boolean isGone() {
      return false;
    }

    @Override
    public void act(float[] action, String id, long version) {
      actions.add((int) action[0]);
      ids.add(id);
      versions.add(version);
      shown++;
      if (actions.size() < last) {
        show((double) shown);
      }
    }

    @Override
    public void end(double episodeReturn, int steps) {
      assertThat(steps).isEqualTo(length);
      returns.add(episodeReturn);
      episode++;
      shown = 0;
      show(null);
    }

    @Override
    public void refuse(Refusal why, String why2) {
      refusals.add(why);
      sentence = why2;
    }
  }

  private static List<Float> shown(Experience experience, int lane) {
    return IntStream.range(0, experience.steps)
        .mapToObj(t -> experience.observations.number(t * experience.environments + lane, 0))
        .toList();
  }

  private static String ends(Experience experience, int lane) {
    StringBuilder ends = new StringBuilder();
    for (int t = 0; t < experience.steps; t++) {
      int row = t * experience.environments + lane;
      int last = experience.finalObservation(row);
      ends.append(
          experience.terminated[row]
              ? "T"
              : experience.truncated[row] ? "C" : last < 0 ? "." : "?");
      if (last >= 0) {
        ends.append((int) experience.finalObservations().number(last, 0));
      }
    }
    return ends.toString();
  }

  @Test
  void aSessionMovesToALaneThatNobodyPlaysIn() {
    Line player = new Line("a", 6, 100);
    try (ExperienceSource source = source(2)) {
      Experience experience = source.collect(policy(5), 0);
      assertThat(shown(experience, 0)).containsExactly(0f, 1f, 2f, 3f, 4f, 5f, 0f, 1f);
      assertThat(ends(experience, 0)).isEqualTo(".....T6.C2"); // where it leaves, it bootstraps
      assertThat(shown(experience, 1)).containsExactly(2f, 3f, 4f, 5f, 0f, 1f, 2f, 3f);
      assertThat(ends(experience, 1)).isEqualTo("...C6....");
      assertThat(experience.rewards[0]).isEqualTo(1);
      assertThat(experience.rewards[2 * 7]).isEqualTo(2);
      assertThat(experience.rewards[1]).isEqualTo(3);
      assertThat(experience.episodes.count()).isEqualTo(2); // whole, over both lanes
      assertThat(experience.episodes.episodeReturn(1)).isEqualTo(21);
      assertThat(experience.episodes.length(1)).isEqualTo(6);
      assertThat(player.returns).containsExactly(21.0, 21.0);
      assertThat(player.versions).hasSize(16).containsOnly(5L);
      assertThat(player.actions).doesNotContain(1); // it is masked
      assertThat(experience.masks[1]).isFalse();
      assertThat(experience.parameterVersion).isEqualTo(5);
      float[] logProbabilities = experience.column("log-probability");
      assertThat(Math.exp(logProbabilities[0])).isBetween(0.4, 0.6); // of two choices

      Experience next = source.collect(policy(6), 16); // which it waits for in the lane it is in
      assertThat(shown(next, 1)).containsExactly(4f, 5f, 2f, 3f, 4f, 5f, 0f, 1f);
      assertThat(shown(next, 0)).containsExactly(0f, 1f, 2f, 3f, 4f, 5f, 0f, 1f);
      assertThat(player.versions.subList(16, 32)).containsOnly(6L);
    }
  }

  @Test
  void whoFallsSilentIsGivenUpAndTheOthersGoOn() {
    Line silent = new Line("silent", 100, 3);
    Line other = new Line("other", 100, 100);
    try (ExperienceSource source = source(2)) {
      source.stopWhen(
          () -> {
            now.addAndGet(Duration.ofSeconds(1).toNanos());
            return false;
          });
      Experience experience = source.collect(policy(1), 0);
      assertThat(shown(experience, 0)).containsExactly(0f, 1f, 8f, 9f, 10f, 11f, 12f, 13f);
      assertThat(ends(experience, 0)).isEqualTo(".C2......"); // its last action never counted
      assertThat(shown(experience, 1)).startsWith(0f, 1f, 2f);
      assertThat(ends(experience, 1)).isEqualTo(".......C8");
      assertThat(experience.episodes.count()).isZero();
      assertThat(silent.actions).hasSize(3);
      silent.show(3.0);
      source.stopWhen(() -> !silent.refusals.isEmpty());
      assertThatThrownBy(() -> source.collect(policy(2), 16))
          .isInstanceOf(CollectionStoppedException.class);
      assertThat(silent.refusals).containsExactly(Refusal.UNKNOWN_SESSION);
      assertThat(silent.sentence)
          .isEqualTo(
              "no session 'silent0' is open that this could continue: it has ended, or was silent"
                  + " for longer than 10 s; start another episode, without a reward");
      assertThat(other.refusals).isEmpty();
    }
  }

  @Test
  void aRequestThatHasWaitedForTooLongMayBeMadeAgain() {
    Line player = new Line("a", 100, 100);
    try (ExperienceSource source = source(1)) {
      source.collect(policy(1), 0);
      now.addAndGet(PATIENCE.toNanos()); // while the trainer learns
      episodes.refuseOverdue();
      assertThat(player.refusals).isEmpty();
      now.addAndGet(1);
      episodes.refuseOverdue();
      assertThat(player.refusals).containsExactly(Refusal.LATER);
      assertThat(player.sentence)
          .isEqualTo(
              "the request was not answered within 10 s: the policy learns, or all of its lanes are"
                  + " taken by other sessions; make it again, nothing of it was done");
      player.show(8.0); // as it was
      Experience experience = source.collect(policy(2), STEPS);
      assertThat(shown(experience, 0)).startsWith(8f, 9f);
      assertThat(experience.rewards[0]).isEqualTo(9);
      assertThat(player.actions).hasSize(2 * STEPS);
    }
  }

  @Test
  void aSessionAsksOneThingAfterTheOther() {
    Line first = new Line("a", 100, 1);
    Line other = new Line("b", 100, 1); // for which there is no lane
    Line impatient = new Line("b", 100, 1); // in the same session
    try (ExperienceSource source = source(1)) {
      source.stopWhen(() -> !impatient.refusals.isEmpty());
      assertThatThrownBy(() -> source.collect(policy(1), 0))
          .isInstanceOf(CollectionStoppedException.class);
      assertThat(first.actions).hasSize(1);
      assertThat(other.actions).isEmpty();
      assertThat(impatient.refusals).containsExactly(Refusal.OUT_OF_TURN);
      assertThat(impatient.sentence)
          .isEqualTo(
              "session 'b0' waits for the answer to another request; make one after the other");
    }
  }

  @Test
  void theTrainingsEndIsTold() {
    Line waiting = new Line("a", 100, 100);
    episodes.close();
    Line late = new Line("b", 100, 100);
    assertThat(waiting.refusals).containsExactly(Refusal.OVER);
    assertThat(late.refusals).containsExactly(Refusal.OVER);
    assertThat(late.sentence)
        .isEqualTo("the training is over; nothing is learnt from this any more");
    try (ExperienceSource source = source(1)) {
      assertThatThrownBy(() -> source.collect(policy(1), 0))
          .isInstanceOf(IllegalStateException.class)
          .hasMessage("no more episodes can come: they were closed while training waits for them");
    }
  }

  // Rewards by the ids of their actions.

  private static class Counted implements Rewarder {
    final List<Integer> unmatched = new ArrayList<>();

    @Override
    public boolean isGone() {
      return false;
    }

    @Override
    public void counted(BitSet unknown) {
      unmatched.add(unknown.cardinality());
    }

    @Override
    public void refuse(Refusal why, String sentence) {
      throw new AssertionError(sentence);
    }
  }

  @Test
  void rewardsMayComeByTheirActionsIds() {
    Counted counted = new Counted();
    Line player =
        new Line("a", 100, 100) {
          @Override
          public void act(float[] action, String id, long version) {
            actions.add((int) action[0]);
            shown++;
            if (actions.size() == 3) {
              episodes.reward(List.of(new Reward(id, 7, true, false)), counted);
            } else if (actions.size() == 6) {
              episodes.reward(List.of(new Reward(id, 9, false, true)), counted);
            } else {
              List<Reward> parts =
                  List.of(
                      new Reward(id, 0.5, false, false),
                      new Reward("77-1", 1, false, false),
                      new Reward(id, 0.25, false, false));
              episodes.reward(parts, counted);
              show(actions.size() == 1 ? 1.0 : null);
              return;
            }
            episode++;
            shown = 0;
            show(null);
          }
        };
    try (ExperienceSource source = source(1)) {
      Experience experience = source.collect(policy(1), 0);
      assertThat(shown(experience, 0)).containsExactly(0f, 1f, 2f, 0f, 1f, 0f, 1f, 2f);
      assertThat(ends(experience, 0)).isEqualTo("..T2.C2...");
      assertThat(experience.rewards)
          .containsExactly(1.75f, 0.75f, 7f, 0.75f, 0.75f, 0.75f, 0.75f, 0.75f);
      assertThat(experience.episodes.count()).isEqualTo(2);
      assertThat(experience.episodes.episodeReturn(0)).isEqualTo(9.5);
      assertThat(experience.episodes.episodeReturn(1)).isEqualTo(10.5); // not learnt from, but had
      assertThat(experience.episodes.length(1)).isEqualTo(3);
      assertThat(counted.unmatched).startsWith(1, 1, 0, 1, 1, 0);
      assertThat(player.refusals).isEmpty();
    }
  }

  @Test
  void whatDoesNotFitIsRefusedAtOnce() {
    refused(new float[] {0, 1}, new boolean[3], "observation has 2 numbers but must have 1");
    refused(
        new float[] {Float.NaN},
        new boolean[3],
        "element 0 of observation is NaN but must be a finite number");
    refused(new float[1], new boolean[2], "mask has 2 flags but must have 3");
    refused(new float[1], new boolean[3], "mask allows none of 3 choices; allow at least one");
    assertThatThrownBy(() -> new Reward("1-0", Double.NaN, false, false))
        .hasMessage("reward is NaN but must be a number from -1e30 to 1e30");
    ExternalEnvironment pixels =
        new ExternalEnvironment(Box.bytes(2), new MultiDiscrete(2, 2), true);
    try (ExternalEpisodes other = new ExternalEpisodes(pixels, PATIENCE, now::get)) {
      assertThatThrownBy(
              () -> other.act(shown(new float[] {0.5f, 1}, new boolean[4]), new Line("a", 1, 1)))
          .hasMessage("observation is no encoding of a value in Box(2) of bytes");
      boolean[] half = {true, true, false, false};
      assertThatThrownBy(() -> other.act(shown(new float[2], half), new Line("a", 1, 1)))
          .hasMessage("mask allows none of 2 choices; allow at least one");
    }
    assertThatThrownBy(() -> new ExternalEnvironment(Box.bytes(2), Box.bytes(2), true))
        .hasMessage(
            "actions in Box(2) of bytes are masked, but a mask is for discrete choices: leave it"
                + " out");
  }

  private static Observation shown(float[] observation, boolean[] mask) {
    return new Observation("a", null, observation, mask, null, false, false);
  }

  private void refused(float[] observation, boolean[] mask, String sentence) {
    assertThatThrownBy(() -> episodes.act(shown(observation, mask), new Line("x", 1, 1)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(sentence);
  }
}
