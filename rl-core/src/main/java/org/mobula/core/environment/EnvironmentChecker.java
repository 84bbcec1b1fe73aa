package org.mobula.core.environment;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.ObjectStreamClass;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.mobula.core.network.ConvolutionSpec;
import org.mobula.core.random.Pcg64;
import org.mobula.core.space.Box;
import org.mobula.core.space.Dict;
import org.mobula.core.space.Space;
import org.mobula.core.space.Tuple;

/**
 * Tries out an environment and tells every promise of {@link Environment} that it breaks. Never
 * throws for a broken environment.
 */
public final class EnvironmentChecker {
  private static final long SEED = 123;
  private static final long OTHER_SEED = 456;
  private static final int STEPS = 200;
  private static final int MAX_EPISODE_STEPS = 100_000; // no usual task's episode is longer
  private static final float UNWRITTEN = Float.intBitsToFloat(0x7fc0beef);

  private final EnvironmentFactory factory;
  private final Set<String> errors = new LinkedHashSet<>();
  private final Set<String> warnings = new LinkedHashSet<>();
  private float largest;
  private int largestElement = -1;
  private boolean anyEnded;

  private EnvironmentChecker(EnvironmentFactory factory) {
    this.factory = factory;
  }

  /**
   * What was found.
   *
   * @param errors broken promises, and actions that no policy can take
   * @param warnings what is allowed but often a mistake, or makes learning hard
   */
  public record Report(List<String> errors, List<String> warnings) {
    /** Copies the lists. */
    public Report {
      errors = List.copyOf(errors);
      warnings = List.copyOf(warnings);
    }
  }

  /**
   * All broken promises, in the order in which they were met; empty if there are none. Of those
   * that differ in their numbers alone the first stands for all.
   */
  public static List<String> check(EnvironmentFactory factory) {
    return inspect(factory).errors();
  }

  /** All broken promises and all warnings. */
  public static Report inspect(EnvironmentFactory factory) {
    EnvironmentChecker checker = new EnvironmentChecker(factory);
    checker.inspect();
    return new Report(grouped(checker.errors), grouped(checker.warnings));
  }

  /** What differs in its numbers alone, such as the step, is told once. */
  private static List<String> grouped(Set<String> findings) {
    Map<String, List<String>> alike = new LinkedHashMap<>();
    for (String finding : findings) {
      alike.computeIfAbsent(finding.replaceAll("\\d+", "#"), key -> new ArrayList<>()).add(finding);
    }
    return alike.values().stream()
        .map(
            group ->
                group.size() == 1
                    ? group.get(0)
                    : group.get(0) + " (and " + (group.size() - 1) + " more like this)")
        .toList();
  }

  private void inspect() {
    Environment first = create();
    Environment second = create();
    if (first != null && second != null) {
      if (first == second) {
        errors.add("the factory hands out the same environment twice; it must make new ones");
      } else if (guarded("the spaces", () -> checkSpaces(first, second)) && errors.isEmpty()) {
        guarded("resetting", () -> checkResets(first));
        boolean stepped = guarded("stepping", () -> checkSteps(first, second));
        if (stepped && !anyEnded) {
          guarded("stepping until an episode ends", () -> checkEnd(first));
        }
        if (stepped && errors.isEmpty()) {
          guarded("seeding", () -> checkSeeds(first));
        }
        guarded("looking for static fields", () -> checkStaticFields(first));
        guarded("saving and restoring the state", () -> checkState(first));
        guarded("renderText", () -> checkText(first));
        adviseOnScale();
      }
    }
    for (Environment environment : new Environment[] {first, second}) {
      if (environment != null) {
        guarded("close", environment::close);
        guarded("close for the second time", environment::close);
      }
    }
    guarded("serializing the factory, which workers need,", this::checkSerializable);
  }

  private interface Attempt {
    void run() throws IOException, ClassNotFoundException;
  }

  @SuppressWarnings("CatchingUnchecked") // whatever a broken environment throws is a finding
  private boolean guarded(String what, Attempt attempt) {
    try {
      attempt.run();
      return true;
    } catch (Exception | AssertionError | LinkageError | StackOverflowError e) {
      StackTraceElement[] trace = e.getStackTrace();
      errors.add(what + " threw " + e + (trace.length == 0 ? "" : " at " + trace[0]));
      return false;
    }
  }

  private @Nullable Environment create() {
    Environment[] made = new Environment[1];
    if (guarded("the factory", () -> made[0] = factory.create()) && isNull(made[0])) {
      errors.add("the factory returned null");
    }
    return made[0];
  }

  /** User code without null annotations can return what its signature denies. */
  private static boolean isNull(@Nullable Object object) {
    return object == null;
  }

  private void checkSpaces(Environment first, Environment second) {
    if (isNull(first.observationSpace()) || isNull(first.actionSpace())) {
      errors.add("observationSpace() or actionSpace() is null");
      return;
    }
    if (!first.observationSpace().equals(second.observationSpace())
        || !first.actionSpace().equals(second.actionSpace())) {
      errors.add("two environments of the factory have different spaces");
    }
    if (!first.observationSpace().equals(first.observationSpace())
        || !first.actionSpace().equals(first.actionSpace())) {
      errors.add("the spaces change from call to call");
    }
    advise("observation space", first.observationSpace(), false);
    advise("action space", first.actionSpace(), true);
  }

  private void adviseOnScale() {
    if (largestElement >= 0) {
      ObservationScale.advice(largestElement, largest).ifPresent(warnings::add);
    }
  }

  private void advise(String what, Space space, boolean action) {
    if (space instanceof Dict dict) {
      dict.parts().forEach(part -> advise(what, part, action));
    } else if (space instanceof Tuple tuple) {
      tuple.parts().forEach(part -> advise(what, part, action));
    } else if (space instanceof Box box) {
      for (int i = 0; i < box.size(); i++) {
        if (box.low(i) == box.high(i)) {
          warnings.add(what + ": element " + i + " can only be " + box.low(i));
        }
      }
      if (!action) {
        ConvolutionSpec.axisOrder(box).ifPresent(hint -> warnings.add(what + " " + hint));
      }
      if (action && !box.bounded()) {
        warnings.add(
            what
                + " "
                + box
                + " has infinite bounds, so a policy is not scaled to it and begins with a standard"
                + " deviation of 1: give it finite bounds if other sizes are usual");
      }
    }
  }

  private float[] observed(Environment environment, String when, Reset reset) {
    Space space = environment.observationSpace();
    float[] observation = new float[space.size()];
    Arrays.fill(observation, UNWRITTEN);
    environment.reset(reset, observation);
    checkObservation(space, observation, when);
    return observation;
  }

  private void checkObservation(Space space, float[] observation, String when) {
    for (int i = 0; i < observation.length; i++) {
      if (Float.floatToRawIntBits(observation[i]) == Float.floatToRawIntBits(UNWRITTEN)) {
        errors.add(when + " left element " + i + " of the observation unwritten");
      } else if (!Float.isFinite(observation[i])) {
        errors.add(when + " observed " + observation[i] + " in element " + i);
      } else if (Math.abs(observation[i]) > largest) {
        largest = Math.abs(observation[i]);
        largestElement = i;
      }
    }
    if (!space.contains(observation, 0)) {
      errors.add(when + " observed what is not in " + space + describe(space, observation));
    }
  }

  private static String describe(Space space, float[] observation) {
    if (space instanceof Box box) {
      StringBuilder found = new StringBuilder();
      for (int i = 0; i < box.size() && found.length() < 200; i++) {
        boolean within = observation[i] >= box.low(i) && observation[i] <= box.high(i);
        if (!within || (box.isBytes() && observation[i] != (int) observation[i])) {
          found.append(found.length() == 0 ? ": " : ", ").append("element ").append(i);
          found.append(" is ").append(observation[i]).append(" but must be in [");
          found.append(box.low(i)).append(", ").append(box.high(i)).append(']');
          found.append(box.isBytes() ? " and whole" : "");
        }
      }
      return found.toString();
    }
    return ": " + Arrays.toString(observation);
  }

  private void checkResets(Environment environment) {
    Space observationSpace = environment.observationSpace();
    Space actionSpace = environment.actionSpace();
    float[] first = observed(environment, "reset", Reset.seeded(SEED));
    float[] next = observed(environment, "the second reset", Reset.unseeded());
    float[] again = observed(environment, "reset", Reset.seeded(SEED));
    float[] nextAgain = observed(environment, "the second reset", Reset.unseeded());
    if (!same(first, again)) {
      errors.add("two resets with seed " + SEED + " give different observations");
    }
    if (!same(next, nextAgain)) {
      errors.add("the unseeded reset after seed " + SEED + " differs from time to time");
    }
    float[] other = observed(environment, "reset", Reset.seeded(OTHER_SEED));
    if (!same(first, other) && same(first, next)) {
      warnings.add("an unseeded reset repeats the seeded one: the random numbers do not go on");
    }
    if (!environment.observationSpace().equals(observationSpace)
        || !environment.actionSpace().equals(actionSpace)) {
      errors.add("the spaces changed with a reset");
    }
  }

  private static boolean same(float[] a, float[] b) {
    return Arrays.equals(a, b);
  }

  private void checkSteps(Environment first, Environment second) {
    List<String> alone = trace(first, SEED, null);
    List<String> besides = trace(first, SEED, second);
    for (int i = 0; i < Math.min(alone.size(), besides.size()); i++) {
      if (!alone.get(i).equals(besides.get(i))) {
        List<String> repeated = trace(first, SEED, null);
        errors.add(
            repeated.equals(alone)
                ? "stepping another environment changes this one: do they share static state?"
                : "step "
                    + i
                    + " after seed "
                    + SEED
                    + " differs from time to time: "
                    + alone.get(i)
                    + " and "
                    + besides.get(i));
        return;
      }
    }
    List<String> twin = trace(second, SEED, null);
    if (!twin.equals(alone)) {
      errors.add("two environments of the factory differ after the same seed and actions");
    }
  }

  /** Whether other seeds lead to other episodes where episodes differ at all. */
  private void checkSeeds(Environment environment) {
    List<String> one = trace(environment, SEED, null);
    List<String> other = trace(environment, OTHER_SEED, null);
    if (one.equals(other) && !trace(environment, null, null).equals(one)) {
      warnings.add(
          ("seeds %s and %s lead to the same episodes, but episodes without a seed differ: the seed"
                  + " does nothing, so that environments side by side all live through the same")
              .formatted(SEED, OTHER_SEED));
    }
  }

  /** What may be shared by all instances, whether or not that was seen to matter. */
  private void checkStaticFields(Environment environment) {
    Environment at = environment;
    while (at != null) {
      for (Class<?> type = at.getClass(); type != null; type = type.getSuperclass()) {
        for (Field field : type.getDeclaredFields()) {
          int modifiers = field.getModifiers();
          if (Modifier.isStatic(modifiers)
              && !Modifier.isFinal(modifiers)
              && !field.isSynthetic()) {
            warnings.add(
                ("%s.%s is static but not final: all environments of a process share it, those of"
                        + " other threads, too")
                    .formatted(type.getSimpleName(), field.getName()));
          }
        }
      }
      at = at instanceof EnvironmentWrapper wrapper ? wrapper.inner() : null;
    }
  }

  /**
   * What happens with fixed actions after a seed, or without one, while another environment steps,
   * too.
   */
  private List<String> trace(
      Environment environment, @Nullable Long seed, @Nullable Environment neighbour) {
    List<String> trace = new ArrayList<>();
    Pcg64 random = new Pcg64(SEED);
    Pcg64 otherRandom = new Pcg64(OTHER_SEED);
    Probe probe = new Probe(environment);
    Probe other = neighbour == null ? null : new Probe(neighbour);
    Reset reset = seed == null ? Reset.unseeded() : Reset.seeded(seed);
    String after = seed == null ? " without a seed" : " after seed " + seed;
    trace.add(Arrays.toString(observed(environment, "reset", reset)));
    if (other != null) {
      observed(other.environment, "reset", Reset.seeded(OTHER_SEED));
    }
    int episodeSteps = 0;
    for (int i = 1; i <= STEPS; i++) {
      probe.step(random, "step " + i + after);
      episodeSteps++;
      trace.add(probe.outcome());
      if (other != null) {
        other.step(otherRandom, "step " + i + " after seed " + OTHER_SEED);
        if (other.step.done()) {
          observed(other.environment, "an unseeded reset", Reset.unseeded());
        }
      }
      if (probe.step.done()) {
        anyEnded = true;
        if (episodeSteps == 1) {
          warnings.add("an episode was over after its first step");
        }
        episodeSteps = 0;
        float[] observation = observed(environment, "an unseeded reset", Reset.unseeded());
        trace.add(Arrays.toString(observation));
      }
    }
    return trace;
  }

  /** One long episode, for an environment of which no short one was met. */
  private void checkEnd(Environment environment) {
    Pcg64 random = new Pcg64(SEED);
    Probe probe = new Probe(environment);
    observed(environment, "reset", Reset.seeded(SEED));
    for (int i = 0; i < MAX_EPISODE_STEPS; i++) {
      probe.stepUnchecked(random);
      if (probe.step.done()) {
        return;
      }
    }
    warnings.add(
        "an episode of random actions was neither terminated nor truncated within "
            + MAX_EPISODE_STEPS
            + " steps: training reports the returns of whole episodes alone, and evaluation cuts"
            + " each off at evaluation.max-episode-steps; if none ends, wrap the environment in"
            + " TimeLimit, or set evaluation.max-episode-steps to the length to judge by");
  }

  private void checkState(Environment environment) throws IOException {
    if (!environment.savesState()) {
      warnings.add("the state is not saved: a resumed run starts a new episode");
      return;
    }
    Environment copy = factory.create();
    try {
      Pcg64 random = new Pcg64(SEED);
      Probe original = new Probe(environment);
      observed(environment, "reset", Reset.seeded(SEED));
      for (int i = 0; i < 3; i++) {
        original.stepOrReset(random);
      }
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      environment.writeState(new DataOutputStream(bytes));
      DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes.toByteArray()));
      copy.readState(in);
      if (in.read() >= 0) {
        errors.add("readState leaves bytes that writeState wrote");
      }
      Probe restored = new Probe(copy);
      restored.startOver = original.startOver;
      Pcg64 sameRandom = new Pcg64(SEED);
      sameRandom.restore(random.state());
      for (int i = 1; i <= STEPS; i++) {
        original.stepOrReset(random);
        restored.stepOrReset(sameRandom);
        if (!original.outcome().equals(restored.outcome())) {
          errors.add(
              "step "
                  + i
                  + " after restoring the state differs: "
                  + original.outcome()
                  + " and "
                  + restored.outcome()
                  + "; are the random numbers part of the state?");
          return;
        }
      }
    } finally {
      copy.close();
    }
  }

  private void checkText(Environment environment) {
    observed(environment, "reset", Reset.seeded(SEED));
    if (isNull(environment.renderText())) {
      errors.add("renderText returned null; it must be empty where there is no picture");
    }
  }

  private void checkSerializable() throws IOException, ClassNotFoundException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(factory);
    }
    ClassLoader loader = factory.getClass().getClassLoader();
    try (ObjectInputStream in =
        new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray())) {
          @Override // The user's classes may come from a loader of their own.
          protected Class<?> resolveClass(ObjectStreamClass description)
              throws IOException, ClassNotFoundException {
            return Class.forName(description.getName(), false, loader);
          }
        }) {
      if (!(in.readObject() instanceof EnvironmentFactory)) {
        errors.add("the factory is not a factory any more after serialization");
      }
    }
  }

  /** One environment being stepped with random allowed actions. */
  private final class Probe {
    private final Environment environment;
    private final Space actionSpace;
    private final Step step;
    private final float[] action;
    private final boolean[] mask;
    private boolean startOver;

    Probe(Environment environment) {
      this.environment = environment;
      this.actionSpace = environment.actionSpace();
      this.step = new Step(environment.observationSpace());
      this.action = new float[actionSpace.size()];
      this.mask = new boolean[actionSpace.maskSize()];
    }

    void step(Pcg64 random, String when) {
      choose(random);
      if (!environment.masksActions()) {
        for (boolean allowed : mask) {
          if (!allowed) {
            errors.add("actionMask forbids an action but masksActions() is false");
          }
        }
      }
      float[] given = action.clone();
      step.clear();
      Arrays.fill(step.observation, UNWRITTEN);
      environment.step(action, step);
      checkObservation(environment.observationSpace(), step.observation, when);
      if (!Double.isFinite(step.reward)) {
        errors.add(when + " was rewarded with " + step.reward);
      }
      if (!same(given, action)) {
        errors.add(when + " changed the caller's action array");
      }
    }

    /** As {@link #step}, at the speed of the environment. */
    void stepUnchecked(Pcg64 random) {
      choose(random);
      step.clear();
      environment.step(action, step);
    }

    private void choose(Pcg64 random) {
      actionSpace.sample(random, action, 0);
      environment.actionMask(mask);
      MaskedChoice.obey(actionSpace, mask, random, action).ifPresent(errors::add);
    }

    void stepOrReset(Pcg64 random) {
      if (startOver) {
        step.clear();
        environment.reset(Reset.unseeded(), step.observation);
        startOver = false;
      } else {
        step(random, "a step");
        startOver = step.done();
      }
    }

    String outcome() {
      return Arrays.toString(step.observation)
          + " reward "
          + step.reward
          + (step.terminated ? " terminated" : "")
          + (step.truncated ? " truncated" : "")
          + (mask.length == 0 ? "" : " mask " + Arrays.toString(mask));
    }
  }
}
