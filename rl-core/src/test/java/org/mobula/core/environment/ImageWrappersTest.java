package org.mobula.core.environment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;
import org.mobula.core.environment.catalogue.EnvironmentCatalogue;
import org.mobula.core.environment.classic.CartPole;
import org.mobula.core.space.Box;
import org.mobula.core.space.Discrete;
import org.mobula.core.space.Space;

/**
 * Wrappers of images and games. {@code atari-preprocessing.json} holds what Gymnasium 1.4.0, OpenCV
 * 4.11 and the Arcade Learning Environment 0.12.1 do with the same.
 */
class ImageWrappersTest {
  private static JsonNode recorded() throws IOException {
    try (InputStream file =
        Objects.requireNonNull(
            ImageWrappersTest.class.getResourceAsStream("atari-preprocessing.json"))) {
      return new ObjectMapper().readTree(file);
    }
  }

  /** Shows one picture and nothing else. */
  private static final class Still implements Environment {
    private final Box space;
    private final float[] picture;

    Still(Box space, float[] picture) {
      this.space = space;
      this.picture = picture;
    }

    @Override
    public Space observationSpace() {
      return space;
    }

    @Override
    public Space actionSpace() {
      return new Discrete(2);
    }

    @Override
    public void reset(Reset reset, float[] observation) {
      System.arraycopy(picture, 0, observation, 0, picture.length);
    }

    @Override
    public void step(float[] action, Step step) {
      System.arraycopy(picture, 0, step.observation, 0, picture.length);
    }
  }

  private static float[] seen(Environment environment) {
    float[] observation = new float[environment.observationSpace().size()];
    environment.reset(Reset.seeded(1), observation);
    assertThat(environment.observationSpace().contains(observation, 0)).isTrue();
    Step step = new Step(environment.observationSpace());
    environment.step(new float[] {0}, step);
    assertThat(step.observation).isEqualTo(observation);
    return observation;
  }

  private static long checksum(float[] pixels) {
    CRC32 checksum = new CRC32();
    for (float pixel : pixels) {
      checksum.update((int) pixel);
    }
    return checksum.getValue();
  }

  private static float[] picture(int height, int width, int channels) {
    float[] picture = new float[height * width * channels];
    for (int i = 0; i < picture.length; i++) {
      int y = i / (width * channels);
      int x = i / channels % width;
      picture[i] = (y * 37 + x * 59 + i % channels * 101 + y * x % 11 * 23) % 256;
    }
    return picture;
  }

  @Test
  void resizedPixelsAreThoseOfOpenCv() throws IOException {
    JsonNode cases = recorded().get("resize");
    assertThat(cases).hasSizeGreaterThan(8);
    for (JsonNode told : cases) {
      int height = told.get("from").get(0).asInt();
      int width = told.get("from").get(1).asInt();
      int channels = told.get("from").get(2).asInt();
      int tall = told.get("to").get(0).asInt();
      int wide = told.get("to").get(1).asInt();
      float[] picture = picture(height, width, channels);
      Box space = channels == 1 ? Box.bytes(height, width) : Box.bytes(height, width, channels);
      Environment resized = new Resize(new Still(space, picture), tall, wide);
      assertThat(resized.observationSpace())
          .isEqualTo(channels == 1 ? Box.bytes(tall, wide) : Box.bytes(tall, wide, channels));
      assertThat(((Box) resized.observationSpace()).isBytes()).isTrue();
      assertThat(checksum(seen(resized))).as("%s", told).isEqualTo(told.get("crc").asLong());
      if (channels == 3 && tall > 4) {
        Environment first = new ChannelsFirst(new Resize(new Still(space, picture), tall, wide));
        Environment last = new Resize(new ChannelsFirst(new Still(space, picture)), tall, wide);
        assertThat(last.observationSpace()).isEqualTo(Box.bytes(3, tall, wide));
        assertThat(seen(last)).isEqualTo(seen(first));
      }
    }
  }

  @Test
  void realNumbersAreNotRounded() {
    Box space = Box.of(0, 1, 1, 2, 2);
    float[] picture = {0, 1, 1, 1};
    Environment resized = new Resize(new Still(space, picture), 1, 1);
    assertThat(resized.observationSpace()).isEqualTo(Box.of(0, 1, 1, 1, 1));
    assertThat(seen(resized)).containsExactly(0.75f);
  }

  @Test
  void greyIsThatOfTheArcadeLearningEnvironment() throws IOException {
    JsonNode colours = recorded().get("grey");
    assertThat(colours).hasSize(128);
    float[] picture = new float[3 * 128];
    float[] grey = new float[128];
    for (int i = 0; i < 128; i++) {
      for (int c = 0; c < 3; c++) {
        picture[3 * i + c] = colours.get(i).get(c).asInt();
      }
      grey[i] = colours.get(i).get(3).asInt();
    }
    Environment game = new Still(Box.bytes(16, 8, 3), picture);
    assertThat(new Grayscale(game).observationSpace()).isEqualTo(Box.bytes(16, 8));
    assertThat(seen(new Grayscale(game))).isEqualTo(grey);
    assertThat(seen(new Grayscale(new ChannelsFirst(game)))).isEqualTo(grey);
  }

  /** As a file names them: Gymnasium's AtariPreprocessing, ClipReward, FrameStackObservation. */
  @Test
  void gamesAreSeenAsThroughGymnasium() throws IOException {
    JsonNode told = recorded().get("game");
    EnvironmentFactory factory =
        EnvironmentCatalogue.empty()
            .with(
                new EnvironmentCatalogue.Entry(
                    "Game", "Flickers.", 0, Map.of(), options -> new FlickeringGame()))
            .factory(
                "Game",
                Map.of(),
                List.of(
                    Map.of("NoopReset", Map.of("max", 7)),
                    Map.of("EpisodicLife", Map.of("new-game", true)),
                    "Grayscale",
                    "MaxAndSkip",
                    Map.of("Resize", Map.of("height", 8, "width", 8)),
                    "ClipReward",
                    Map.of("FrameStack", Map.of("frames", 4))));
    int ends = 0;
    try (Environment game = factory.create()) {
      assertThat(game.observationSpace()).isEqualTo(Box.bytes(4, 8, 8));
      Step step = new Step(game.observationSpace());
      game.reset(Reset.seeded(told.get("seed").asLong()), step.observation);
      assertThat(checksum(step.observation)).isEqualTo(told.get("first").asLong());
      for (int t = 0; t < told.get("steps").size(); t++) {
        JsonNode expected = told.get("steps").get(t);
        step.clear();
        game.step(new float[] {(t * t + t / 3) % 4}, step);
        assertThat(List.of(checksum(step.observation), (long) step.reward, step.terminated ? 1 : 0))
            .as("step %s", t)
            .isEqualTo(
                List.of(
                    expected.get(0).asLong(), expected.get(1).asLong(), expected.get(2).asInt()));
        if (step.terminated) {
          ends++;
          game.reset(Reset.unseeded(), step.observation);
          assertThat(checksum(step.observation)).isEqualTo(expected.get(3).asLong());
        }
      }
    }
    assertThat(ends).isGreaterThan(10);
  }

  /** A game of two lives of five steps each, of which the first observation counts the steps. */
  private static final class TwoLives implements Environment {
    private final List<Integer> actions = new ArrayList<>();
    private int time;

    @Override
    public Space observationSpace() {
      return Box.of(0, 100, 1);
    }

    @Override
    public Space actionSpace() {
      return new Discrete(3);
    }

    @Override
    public void reset(Reset reset, float[] observation) {
      time = 0;
      observation[0] = 0;
      actions.add(-1);
    }

    @Override
    public void step(float[] action, Step step) {
      actions.add((int) action[0]);
      time++;
      step.reward = time * (action[0] == 2 ? -1 : 1);
      step.observation[0] = time;
      step.terminated = time == 10;
    }

    @Override
    public int lives() {
      return time < 5 ? 2 : time < 9 ? 1 : 0;
    }
  }

  private static boolean act(Environment environment, int action, Step step) {
    step.clear();
    environment.step(new float[] {action}, step);
    return step.terminated;
  }

  /** As in Stable-Baselines3: the game goes on, and no life left is not an end of its own. */
  @Test
  void theGameGoesOnAfterALostLife() {
    TwoLives game = new TwoLives();
    Environment lives = new EpisodicLife(game, false);
    Step step = new Step(lives.observationSpace());
    lives.reset(Reset.unseeded(), step.observation);
    for (int t = 1; t <= 5; t++) {
      assertThat(act(lives, 1, step)).isEqualTo(t == 5);
    }
    lives.reset(Reset.unseeded(), step.observation);
    assertThat(step.observation).containsExactly(6);
    for (int t = 7; t <= 10; t++) {
      assertThat(act(lives, 1, step)).as("%s", t).isEqualTo(t == 10);
    }
    lives.reset(Reset.unseeded(), step.observation);
    assertThat(game.actions).containsExactly(-1, 1, 1, 1, 1, 1, 0, 1, 1, 1, 1, -1);
    for (int t = 1; t <= 5; t++) {
      act(lives, 1, step);
    }
    lives.reset(Reset.seeded(3), step.observation);
    assertThat(step.observation).as("a seed begins a new game").containsExactly(0);
  }

  @Test
  void eachLifeMayBeAGame() {
    TwoLives game = new TwoLives();
    Environment lives = new EpisodicLife(game, true);
    Step step = new Step(lives.observationSpace());
    lives.reset(Reset.unseeded(), step.observation);
    for (int t = 1; t <= 5; t++) {
      assertThat(act(lives, 1, step)).isEqualTo(t == 5);
    }
    lives.reset(Reset.unseeded(), step.observation);
    assertThat(step.observation).containsExactly(0);
  }

  @Test
  void aLifeIsLostWithinRepeatedActions() {
    Environment game = new MaxAndSkip(new EpisodicLife(new TwoLives(), false), 4);
    Step step = new Step(game.observationSpace());
    game.reset(Reset.unseeded(), step.observation);
    act(game, 1, step);
    assertThat(step.reward).isEqualTo(1 + 2 + 3 + 4);
    assertThat(step.observation).containsExactly(4);
    assertThat(act(game, 2, step)).isTrue();
    assertThat(step.reward).isEqualTo(-5);
    assertThat(step.observation).as("that of before stands in").containsExactly(4);
  }

  @Test
  void rewardsAreTheirSigns() {
    Environment game = new ClipReward(new TwoLives());
    Step step = new Step(game.observationSpace());
    game.reset(Reset.unseeded(), step.observation);
    act(game, 1, step);
    act(game, 1, step);
    assertThat(step.reward).isEqualTo(1);
    act(game, 2, step);
    assertThat(step.reward).isEqualTo(-1);
  }

  @Test
  void episodesBeginWithFiringOrWaiting() throws IOException {
    TwoLives game = new TwoLives();
    float[] observation = new float[1];
    new FireReset(game).reset(Reset.unseeded(), observation);
    assertThat(game.actions).containsExactly(-1, 1, 2);
    assertThat(observation).containsExactly(2);

    JsonNode counts = recorded().get("noops");
    for (JsonNode told : counts) {
      Environment waiting = new NoopReset(new TwoLives(), 6);
      for (int i = 0; i < told.get("counts").size(); i++) {
        Reset reset = i == 0 ? Reset.seeded(told.get("seed").asLong()) : Reset.unseeded();
        waiting.reset(reset, observation);
        assertThat(observation[0]).isEqualTo(told.get("counts").get(i).asInt());
      }
    }
    // The game ends within ten steps, and begins anew.
    new NoopReset(game, 30).reset(Reset.seeded(2), observation);
    assertThat(game.actions.stream().filter(action -> action < 0).count()).isGreaterThan(2);
  }

  @Test
  void saysWhatDoesNotFit() {
    Environment pole = new CartPole();
    String images =
        " needs images [height, width], [height, width, channels] or [channels, height, width] with"
            + " the same bounds everywhere, but observations are Box(4)";
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Grayscale(pole))
        .withMessage("Grayscale" + images);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Resize(pole, 2, 2))
        .withMessage("Resize" + images);
    Environment grey = new Still(Box.bytes(8, 9), new float[72]);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Grayscale(grey))
        .withMessage(
            "Grayscale needs images of three channels but observations are Box(8, 9) of bytes");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new ChannelsFirst(grey))
        .withMessage(
            "ChannelsFirst needs images [height, width, channels] but observations are Box(8, 9) of"
                + " bytes");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Resize(grey, 9, 9))
        .withMessage(
            "Resize to 9 × 9 pixels, but each side must be from 1 to the images' own, 8 × 9");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new MaxAndSkip(pole, 0))
        .withMessage("MaxAndSkip skip is 0 but must be >= 1");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new NoopReset(pole, 0))
        .withMessage("NoopReset max is 0 but must be >= 1");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new FireReset(pole))
        .withMessage("FireReset needs Discrete actions, at least 3, but they are Discrete(2)");
    Environment lives = new EpisodicLife(pole, false);
    assertThatIllegalStateException()
        .isThrownBy(() -> lives.reset(Reset.seeded(1), new float[4]))
        .withMessage(
            "EpisodicLife needs an environment that counts lives, but the lives of CartPole are -1;"
                + " override Environment.lives, or leave the wrapper out");
  }

  @Test
  void zerosAndOnesStayBytes() {
    Environment stacked = new FrameStack(new Still(Box.bits(2, 3, 3), new float[18]), 2);
    Box space = (Box) stacked.observationSpace();
    assertThat(space).isEqualTo(Box.of(0, 1, 4, 3, 3)).hasToString("Box(4, 3, 3) of bytes");
    assertThat(space.contains(new float[36], 0)).isTrue();
    float[] half = new float[36];
    half[7] = 0.5f;
    assertThat(space.contains(half, 0)).isFalse();
    half[7] = 2;
    assertThat(space.contains(half, 0)).isFalse();
    assertThat(space.isPixels()).isFalse();
    assertThat(Box.bytes(2, 2).isPixels()).isTrue();
  }
}
