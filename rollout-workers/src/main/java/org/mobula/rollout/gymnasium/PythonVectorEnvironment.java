package org.mobula.rollout.gymnasium;

import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.mobula.core.environment.EnvironmentException;
import org.mobula.core.environment.Reset;
import org.mobula.core.environment.StepInProgress;
import org.mobula.core.environment.VectorEnvironment;
import org.mobula.core.environment.VectorStep;
import org.mobula.core.space.Space;
import org.mobula.core.training.config.EnvironmentConfig;

/**
 * Environments that one Python process steps: numbers are exchanged in a mapped file, a step costs
 * a byte to Python and one back.
 */
final class PythonVectorEnvironment implements VectorEnvironment {
  private final PythonProcess process;
  private final String name;
  private final int count;
  private final Space observationSpace;
  private final Space actionSpace;
  private final int observationSize;
  private final int maskSize;
  private final boolean masksActions;
  private final double secondsPerStep;

  // What lies in the mapped file.
  private final ByteBuffer memory;
  private final FloatBuffer actions;
  private final FloatBuffer rewards;
  private final int lane;
  private final int lives;
  private final int terminated;
  private final int truncated;
  private final int masks;
  private final int finalMasks;
  private final Numbers observations;
  private final Numbers finalObservations;
  private final byte[] flags;

  // Where each environment is.
  private final @Nullable Long[] seeds;
  private final long[] episodes;
  private final long[] episodeSteps;
  private final long[] lastEpisodeSteps;
  private final boolean[] over;
  private final boolean[] informed;

  private Map<String, Object> resetOptions = Map.of();
  private volatile boolean closed;

  PythonVectorEnvironment(EnvironmentConfig config, int count, boolean rendered) {
    this.count = count;
    this.name = config.envpool() == null ? String.valueOf(config.gymnasium()) : config.envpool();
    this.process = PythonProcess.start(config, count, rendered);
    try {
      Map<String, Object> made = process.made();
      observationSpace = SpaceForm.read(made.get("observations"));
      actionSpace = SpaceForm.read(made.get("actions"));
      observationSize = observationSpace.size();
      maskSize = actionSpace.maskSize();
      masksActions = Values.flag(made.get("masks"));
      secondsPerStep = 1 / Values.number(made.get("fps"));
      Map<String, Object> layout = Values.map(made.get("layout"));
      boolean bytes = Values.flag(made.get("bytes"));
      memory = process.memory();
      lane = Values.integer(layout.get("lane"));
      lives = Values.integer(layout.get("lives"));
      actions = floats(Values.integer(layout.get("actions")), count * actionSpace.size());
      rewards = floats(Values.integer(layout.get("rewards")), count);
      terminated = Values.integer(layout.get("terminated"));
      truncated = Values.integer(layout.get("truncated"));
      masks = Values.integer(layout.get("masks"));
      finalMasks = Values.integer(layout.get("final_masks"));
      observations = numbers(Values.integer(layout.get("observations")), bytes);
      finalObservations = numbers(Values.integer(layout.get("finals")), bytes);
    } catch (RuntimeException e) {
      process.close();
      throw e;
    }
    flags = new byte[Math.max(count, count * maskSize)];
    seeds = new Long[count];
    episodes = new long[count];
    episodeSteps = new long[count];
    lastEpisodeSteps = new long[count];
    over = new boolean[count];
    Arrays.fill(over, true);
    informed = new boolean[count];
  }

  private FloatBuffer floats(int offset, int size) {
    return memory.slice(offset, size * Float.BYTES).order(memory.order()).asFloatBuffer();
  }

  private Numbers numbers(int offset, boolean bytes) {
    int size = count * observationSize;
    return bytes
        ? new Numbers.OfBytes(memory.slice(offset, size), size)
        : new Numbers.OfFloats(floats(offset, size));
  }

  /** Observations in the file, as Python wrote them. */
  private sealed interface Numbers {
    /** Copies so many of them, which lie at the same place in the target. */
    void get(int from, int size, float[] target);

    record OfFloats(FloatBuffer source) implements Numbers {
      @Override
      public void get(int from, int size, float[] target) {
        source.get(from, target, from, size);
      }
    }

    /** Pictures are bytes in the file: a quarter of the memory to be moved. */
    final class OfBytes implements Numbers {
      private final ByteBuffer source;
      private final byte[] copy;

      OfBytes(ByteBuffer source, int size) {
        this.source = source;
        this.copy = new byte[size];
      }

      @Override
      public void get(int from, int size, float[] target) {
        source.get(from, copy, from, size);
        for (int i = from; i < from + size; i++) {
          target[i] = copy[i] & 0xFF;
        }
      }
    }
  }

  @Override
  public int count() {
    return count;
  }

  @Override
  public Space observationSpace() {
    return observationSpace;
  }

  @Override
  public Space actionSpace() {
    return actionSpace;
  }

  @Override
  public void reset(Reset reset, float[] observations) {
    boolean[] all = new boolean[count];
    Arrays.fill(all, true);
    reset(reset, all, observations);
  }

  @Override
  public synchronized void reset(Reset reset, boolean[] chosen, float[] target) {
    requireRoom("observations", target.length, count * observationSize);
    requireRoom("chosen", chosen.length, count);
    Map<String, Object> wanted = new LinkedHashMap<>();
    wanted.put("seed", reset.seed());
    wanted.put("chosen", flags(chosen));
    wanted.put("options", reset.options().isEmpty() ? resetOptions : reset.options());
    for (int i = 0; i < count; i++) {
      if (chosen[i]) {
        if (reset.seed() != null) {
          seeds[i] = reset.seed() + i;
          episodes[i] = 0;
        }
        begin(i);
        over[i] = true;
      }
    }
    Map<String, Object> answer = ask('r', Values.framed(wanted));
    EnvironmentException failure = failures(answer);
    List<Object> failed = answer == null ? List.of() : Values.list(answer.get("failures"));
    for (int i = 0; i < count; i++) {
      if (chosen[i] && !contains(failed, i)) {
        over[i] = false;
        observations.get(i * observationSize, observationSize, target);
      }
    }
    if (failure != null) {
      throw failure;
    }
  }

  private static List<Boolean> flags(boolean[] chosen) {
    Boolean[] list = new Boolean[chosen.length];
    for (int i = 0; i < list.length; i++) {
      list[i] = chosen[i];
    }
    return List.of(list);
  }

  private static boolean contains(List<Object> failures, int environment) {
    for (Object failure : failures) {
      if (Values.integer(Values.map(failure).get("lane")) == environment) {
        return true;
      }
    }
    return false;
  }

  private void begin(int i) {
    episodes[i]++;
    lastEpisodeSteps[i] = episodeSteps[i];
    episodeSteps[i] = 0;
  }

  @Override
  public synchronized void resetOptions(Map<String, Object> options) {
    if (options.equals(resetOptions)) {
      return; // asked in each iteration
    }
    ask('o', Values.framed(options));
    resetOptions = Map.copyOf(options);
  }

  @Override
  public synchronized void step(float[] given, VectorStep step) {
    requireRoom("actions", given.length, actions.capacity());
    requireRoom("observations", step.observations.length, count * observationSize);
    actions.put(0, given);
    for (int i = 0; i < count; i++) {
      episodeSteps[i]++;
    }
    Map<String, Object> answer = ask('s', null);
    observations.get(0, count * observationSize, step.observations);
    rewards.get(0, step.rewards);
    read(terminated, step.terminated);
    read(truncated, step.truncated);
    for (int i = 0; i < count; i++) {
      if (informed[i]) {
        step.setInfo(i, Map.of());
        informed[i] = false;
      }
    }
    if (answer == null) {
      end(step, List.of());
      return;
    }
    EnvironmentException failure = failures(answer);
    end(step, Values.list(answer.get("failures")));
    Values.map(answer.get("infos"))
        .forEach(
            (i, info) -> {
              step.setInfo(Integer.parseInt(i), Values.map(info));
              informed[Integer.parseInt(i)] = true;
            });
    if (failure != null) {
      throw failure;
    }
  }

  private void end(VectorStep step, List<Object> failures) {
    for (int i = 0; i < count; i++) {
      if (!failures.isEmpty() && contains(failures, i)) {
        over[i] = true;
      } else if (step.terminated[i] || step.truncated[i]) {
        finalObservations.get(i * observationSize, observationSize, step.finalObservations);
        if (masksActions && step.truncated[i] && step.finalMasks.length > 0) {
          memory.get(finalMasks + i * maskSize, flags, 0, maskSize);
          for (int j = 0; j < maskSize; j++) {
            step.finalMasks[i * maskSize + j] = flags[j] != 0;
          }
        }
        begin(i);
      }
    }
  }

  private void read(int offset, boolean[] target) {
    memory.get(offset, flags, 0, target.length);
    for (int i = 0; i < target.length; i++) {
      target[i] = flags[i] != 0;
    }
  }

  private void requireRoom(String what, int given, int needed) {
    if (closed) {
      throw new IllegalStateException("the vector environment is closed");
    }
    if (given != needed) {
      throw new IllegalArgumentException(
          "%s has %s numbers but %s environments have %s".formatted(what, given, count, needed));
    }
  }

  private @Nullable Map<String, Object> ask(char command, byte @Nullable [] more) {
    try {
      return process.ask(command, more);
    } catch (PythonException e) {
      Arrays.fill(over, true);
      throw exception(present(), e);
    }
  }

  /** The environment that Python is at, or was at last. */
  private int present() {
    return Math.max(0, Math.min(count - 1, memory.getInt(lane)));
  }

  private EnvironmentException exception(int i, Throwable cause) {
    return new EnvironmentException(i, name, seeds[i], episodes[i], episodeSteps[i], cause);
  }

  /** What was thrown: the lowest index, the others suppressed in it. */
  private @Nullable EnvironmentException failures(@Nullable Map<String, Object> answer) {
    EnvironmentException first = null;
    if (answer != null) {
      for (Object told : Values.list(answer.get("failures"))) {
        Map<String, Object> failure = Values.map(told);
        EnvironmentException thrown =
            exception(Values.integer(failure.get("lane")), PythonException.thrown(failure));
        if (first == null) {
          first = thrown;
        } else {
          first.addSuppressed(thrown);
        }
      }
    }
    return first;
  }

  @Override
  public EnvironmentException blame(int i, boolean lastEpisode, Throwable cause) {
    return new EnvironmentException(
        i,
        name,
        seeds[i],
        lastEpisode ? episodes[i] - 1 : episodes[i],
        lastEpisode ? lastEpisodeSteps[i] : episodeSteps[i],
        cause);
  }

  /** {@inheritDoc} Python steps one after the other: it is the one that it is at. */
  @Override
  public List<StepInProgress> inProgress() {
    if (closed || !process.isBusy()) {
      return List.of();
    }
    int i = present();
    return List.of(new StepInProgress(i, name, seeds[i], episodes[i], episodeSteps[i]));
  }

  @Override
  public boolean masksActions() {
    return masksActions;
  }

  @Override
  public synchronized void actionMasks(boolean[] target) {
    requireRoom("masks", target.length, count * maskSize);
    if (!masksActions) {
      Arrays.fill(target, true);
      return;
    }
    read(masks, target);
    for (int i = 0; i < count; i++) {
      if (over[i]) {
        Arrays.fill(target, i * maskSize, (i + 1) * maskSize, true);
      }
    }
  }

  @Override
  public int lives(int environment) {
    return memory.getInt(lives + Integer.BYTES * environment);
  }

  @Override
  public synchronized boolean draw(int environment, Graphics2D graphics, int width, int height) {
    Map<String, Object> answer = ask('p', Values.framed(environment));
    EnvironmentException failure = failures(answer);
    if (failure != null) {
      throw failure;
    }
    Object told = answer == null ? null : answer.get("picture");
    if (told == null) {
      return false;
    }
    Map<String, Object> picture = Values.map(told);
    int rows = Values.integer(picture.get("height"));
    int columns = Values.integer(picture.get("width"));
    byte[] pixels = Values.require(picture.get("pixels"), byte[].class);
    BufferedImage image = new BufferedImage(columns, rows, BufferedImage.TYPE_INT_RGB);
    for (int i = 0; i < rows * columns; i++) {
      int red = pixels[3 * i] & 0xFF;
      int green = pixels[3 * i + 1] & 0xFF;
      int blue = pixels[3 * i + 2] & 0xFF;
      image.setRGB(i % columns, i / columns, (red << 16) | (green << 8) | blue);
    }
    double scale = Math.min((double) width / columns, (double) height / rows);
    int wide = (int) Math.round(columns * scale);
    int high = (int) Math.round(rows * scale);
    graphics.drawImage(image, (width - wide) / 2, (height - high) / 2, wide, high, null);
    return true;
  }

  @Override
  public double secondsPerStep() {
    return secondsPerStep;
  }

  /** {@inheritDoc} A step that has not returned is ended with its process. */
  @Override
  public void close() {
    if (process.isBusy()) {
      process.abandon();
    }
    synchronized (this) {
      closed = true;
      process.close();
    }
  }
}
