package org.mobula.core.rendering;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.metadata.IIOMetadataNode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.mobula.core.environment.Environment;
import org.mobula.core.environment.EnvironmentWrapper;
import org.mobula.core.environment.Reset;
import org.mobula.core.environment.Step;
import org.mobula.core.environment.TimeLimit;
import org.mobula.core.environment.catalogue.EnvironmentCatalogue;
import org.mobula.core.environment.classic.CartPole;
import org.mobula.core.environment.classic.Pendulum;
import org.mobula.core.space.Box;
import org.mobula.core.space.Discrete;
import org.mobula.core.space.Space;

class RenderingTest {
  /** A row of rooms that draws itself in a line. */
  private static class Rooms implements Environment {
    private int room;

    @Override
    public Space observationSpace() {
      return Box.of(0, 9, 1);
    }

    @Override
    public Space actionSpace() {
      return new Discrete(2);
    }

    @Override
    public void reset(Reset reset, float[] observation) {
      room = 0;
      observation[0] = room;
    }

    @Override
    public void step(float[] action, Step step) {
      room++;
      step.observation[0] = room;
      step.reward = 1;
      step.terminated = room == 9;
    }

    @Override
    public boolean draw(Graphics2D graphics, int width, int height) {
      graphics.fillRect(room * width / 10, 0, width / 10, height);
      return true;
    }
  }

  private static final Player RIGHT = (environment, observation) -> new float[] {1};

  static List<String> names() {
    return EnvironmentCatalogue.standard().names();
  }

  @ParameterizedTest
  @MethodSource("names")
  void drawsEveryBuiltInProblemAndEveryStateAnew(String name) {
    for (int[] size : new int[][] {{600, 400}, {300, 200}, {1, 1}}) {
      try (Environment environment =
          EnvironmentCatalogue.standard().factory(name, Map.of()).create()) {
        environment.reset(Reset.seeded(1), new float[environment.observationSpace().size()]);
        BufferedImage before = Picture.of(environment, size[0], size[1]);
        assertThat(before.getWidth()).isEqualTo(size[0]);
        assertThat(before.getHeight()).isEqualTo(size[1]);
        if (size[0] == 1) {
          continue;
        }
        assertThat(Arrays.stream(pixels(before)).distinct().count()).isGreaterThan(8);
        assertThat(pixels(Picture.of(environment, size[0], size[1]))).isEqualTo(pixels(before));
        Player player = Player.random(3);
        Step step = new Step(environment.observationSpace());
        // Random moves in a grid change nothing for a while, or lead back to where it began.
        boolean moved = false;
        for (int i = 0; i < 50 && !step.done() && !moved; i++) {
          environment.step(player.act(environment, step.observation), step);
          BufferedImage after = Picture.of(environment, size[0], size[1]);
          moved = i >= 4 && !Arrays.equals(pixels(after), pixels(before));
        }
        assertThat(moved || step.done()).isTrue();
        assertThat(pixels(Picture.of(environment, size[0], size[1]))).isNotEqualTo(pixels(before));
      }
    }
  }

  @Test
  void cartMovesRightOnThePictureAsInTheWorld() {
    assertThat(darkMiddle(1)).isGreaterThan(darkMiddle(0) + 50);
    assertThat(darkMiddle(0)).isGreaterThan(darkMiddle(-1) + 50);
  }

  /** Mean column of the cart's pixels with the cart at about this place. */
  private static double darkMiddle(double place) {
    CartPole environment = new CartPole();
    environment.reset(new Reset(1L, Map.of("low", place, "high", place)), new float[4]);
    BufferedImage image = Picture.of(environment);
    return java.util.stream.IntStream.range(0, Picture.WIDTH * Picture.HEIGHT)
        .filter(i -> (image.getRGB(i % Picture.WIDTH, i / Picture.WIDTH) & 0xff) < 0x40)
        .map(i -> i % Picture.WIDTH)
        .average()
        .orElseThrow();
  }

  @Test
  void gifHasTheFramesTimesAndLoopOfTheEpisode() throws IOException {
    byte[] gif = EpisodeGif.defaults().withSize(200, 100).record(new Rooms(), RIGHT, 1);
    // 30 steps a second, so every second of the ten states before the last, and that one.
    List<Integer> delays = new ArrayList<>();
    ImageReader reader = reader(gif);
    int frames = reader.getNumImages(true);
    for (int i = 0; i < frames; i++) {
      delays.add(Integer.valueOf(attribute(reader, i, "GraphicControlExtension", "delayTime")));
    }
    assertThat(delays).containsExactly(7, 6, 7, 7, 6, 100);
    assertThat(attribute(reader, 0, "ApplicationExtension", "applicationID")).isEqualTo("NETSCAPE");
    assertThat(reader.getWidth(0)).isEqualTo(200);
    assertThat(reader.getHeight(0)).isEqualTo(100);
    for (int i = 0; i < frames; i++) {
      assertThat(root(reader, i).getElementsByTagName("LocalColorTable").getLength()).isZero();
    }
  }

  @Test
  void sameSeedSameBytes() {
    EpisodeGif small = EpisodeGif.defaults().withSize(150, 100);
    byte[] gif = small.record(new CartPole(), Player.random(5), 7);
    assertThat(small.record(new CartPole(), Player.random(5), 7)).isEqualTo(gif);
    assertThat(small.record(new CartPole(), Player.random(5), 8)).isNotEqualTo(gif);
  }

  @Test
  void framesPutTogetherAreThePictures() throws IOException {
    ByteArrayOutputStream gif = new ByteArrayOutputStream();
    try (GifWriter writer = new GifWriter(gif, 60, 40)) {
      for (int column : new int[] {0, 20, 20, 40}) {
        BufferedImage frame = new BufferedImage(60, 40, BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = frame.createGraphics();
        graphics.fillRect(column, 10, 10, 10);
        graphics.dispose();
        writer.add(frame, 5);
      }
    }
    ImageReader reader = reader(gif.toByteArray());
    BufferedImage screen = new BufferedImage(60, 40, BufferedImage.TYPE_INT_RGB);
    for (int i = 0; i < 4; i++) {
      Graphics2D graphics = screen.createGraphics();
      graphics.drawImage(
          reader.read(i),
          Integer.parseInt(attribute(reader, i, "ImageDescriptor", "imageLeftPosition")),
          Integer.parseInt(attribute(reader, i, "ImageDescriptor", "imageTopPosition")),
          null);
      graphics.dispose();
    }
    assertThat(screen.getRGB(45, 15) & 0xffffff).isEqualTo(0xffffff);
    assertThat(screen.getRGB(25, 15) & 0xffffff).isZero();
    assertThat(screen.getRGB(5, 15) & 0xffffff).isZero();
  }

  @Test
  void recordsEpisodesOneAfterAnotherUpToTheBound() throws IOException {
    ByteArrayOutputStream gif = new ByteArrayOutputStream();
    assertThat(EpisodeGif.defaults().withCaption(false).record(new Rooms(), RIGHT, 1, 2, gif))
        .containsExactly(new Episode(9, 9, true), new Episode(9, 9, true));
    assertThat(
            EpisodeGif.defaults()
                .withMaxSteps(4)
                .record(new Pendulum(), Player.random(1), 1, 1, gif))
        .singleElement()
        .satisfies(episode -> assertThat(episode.length()).isEqualTo(4));
  }

  /** Writes a GIF with captions, in a JVM of its own. */
  static final class Captioned {
    private Captioned() {}

    public static void main(String[] file) throws IOException {
      Files.write(Path.of(file[0]), EpisodeGif.defaults().record(new Rooms(), RIGHT, 1));
    }
  }

  @Test
  void leavesOutTheCaptionWhereThereIsNoFont(@TempDir Path folder) throws Exception {
    assumeThat(System.getProperty("os.name")).as("only there fonts can be hidden").contains("inux");
    Path file = folder.resolve("captioned.gif");
    ProcessBuilder java =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Djava.awt.headless=true",
                "-Duser.home=" + folder, // where Java keeps what it knows of fonts
                "-cp",
                System.getProperty("java.class.path"),
                Captioned.class.getName(),
                file.toString())
            .inheritIO();
    java.environment()
        .put(
            "FONTCONFIG_FILE",
            Files.writeString(folder.resolve("fonts.conf"), "<fontconfig/>").toString());
    assertThat(java.start().waitFor()).isZero();
    EpisodeGif plain = EpisodeGif.defaults().withCaption(false);
    assertThat(file).hasBinaryContent(plain.record(new Rooms(), RIGHT, 1));
  }

  @Test
  void wrapperShowsWhatIsInside() {
    Environment rooms = new TimeLimit(new Rooms(), 5);
    rooms.reset(Reset.seeded(1), new float[1]);
    assertThat(Picture.of(rooms).getRGB(5, 5) & 0xffffff).isZero();
    assertThat(new TimeLimit(new CartPole(), 5).secondsPerStep()).isEqualTo(0.02);
  }

  @Test
  void tellsHowToDraw() {
    Environment blind =
        new EnvironmentWrapper(new Rooms()) {
          @Override
          public boolean draw(Graphics2D graphics, int width, int height) {
            return false;
          }

          @Override
          public Optional<String> renderText() {
            return Optional.empty();
          }
        };
    assertThatThrownBy(() -> Picture.of(blind))
        .isInstanceOf(UnsupportedOperationException.class)
        .hasMessageContaining("Rooms does not draw itself; override Environment.draw(");
    assertThatThrownBy(() -> Picture.of(blind, 0, 5))
        .hasMessage("the size is 0 by 5 pixels but both must be >= 1");
    assertThatThrownBy(() -> EpisodeGif.defaults().withFramesPerSecond(60))
        .hasMessageContaining("framesPerSecond is 60 but must be from 1 to 50");
  }

  private static int[] pixels(BufferedImage image) {
    return image.getRGB(0, 0, image.getWidth(), image.getHeight(), null, 0, image.getWidth());
  }

  private static ImageReader reader(byte[] gif) throws IOException {
    ImageReader reader = ImageIO.getImageReadersByFormatName("gif").next();
    reader.setInput(ImageIO.createImageInputStream(new ByteArrayInputStream(gif)));
    return reader;
  }

  private static IIOMetadataNode root(ImageReader reader, int frame) throws IOException {
    return (IIOMetadataNode)
        reader.getImageMetadata(frame).getAsTree("javax_imageio_gif_image_1.0");
  }

  private static String attribute(ImageReader reader, int frame, String node, String name)
      throws IOException {
    return ((IIOMetadataNode) root(reader, frame).getElementsByTagName(node).item(0))
        .getAttribute(name);
  }
}
