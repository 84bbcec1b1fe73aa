package org.mobula.core.policy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.mobula.core.experience.NonFiniteException;
import org.mobula.core.policy.Workspaces.Workspace;
import org.mobula.core.random.Pcg64;

/**
 * A trained policy: from an observation to an action, with the normaliser that it was trained with.
 * It never changes and may be used by many threads, virtual ones too.
 *
 * <pre>{@code
 * try (Policy policy = Policy.load(Path.of("runs/cartpole"))) {
 *   float[] action = policy.act(observation);
 * }
 * }</pre>
 */
public final class Policy implements AutoCloseable {
  /** Name of a policy's file within a checkpoint directory. */
  public static final String FILE_NAME = "policy.safetensors";

  /** Features that are evaluated together; more would make the workspaces larger, for good. */
  private static final int BATCH_FEATURES = 1 << 15;

  /** Observations that are evaluated together. */
  private static final int BATCH_ROWS = 64;

  private final PolicySpec spec;
  private final PolicySnapshot snapshot;
  private final ActionHead head;
  private final Workspaces workspaces;

  /** A policy of this form at this moment. */
  public Policy(PolicySpec spec, PolicySnapshot snapshot, NetworkEngine engine) {
    this.spec = spec;
    this.snapshot = snapshot;
    this.head = spec.actionHead();
    int limit = 2 * Runtime.getRuntime().availableProcessors(); // some threads are mostly preempted
    this.workspaces =
        new Workspaces(
            limit,
            () -> {
              PolicyRunner runner = new PolicyRunner(spec, engine.create(spec.network()));
              runner.set(snapshot);
              return runner;
            });
  }

  /**
   * Loads a policy from its file, a checkpoint directory, a run's {@code checkpoints/best}, or a
   * run directory, of which the newest checkpoint is taken.
   *
   * @throws IOException if there is none, or it is cut off or broken
   */
  public static Policy load(Path path) throws IOException {
    PolicyFile.Contents contents = PolicyFile.read(PolicyFile.locate(path));
    return new Policy(contents.spec(), contents.snapshot(), NetworkEngine.AUTO);
  }

  /** The form of the policy. */
  public PolicySpec spec() {
    return spec;
  }

  /** Its parameters and normaliser. */
  public PolicySnapshot snapshot() {
    return snapshot;
  }

  /**
   * The most likely action.
   *
   * @param observation {@code observationSpace().size()} finite numbers
   * @return {@code actionSpace().size()} numbers, within the action space
   * @throws IllegalArgumentException if the observation is of another length, or a number in it is
   *     not finite; or if the policy was trained with action masks, which are then needed
   * @throws NonFiniteException if an output of the network is not finite
   * @throws IllegalStateException if the policy is closed
   */
  public float[] act(float[] observation) {
    return act(observation, null, null);
  }

  /**
   * The most likely of the allowed actions.
   *
   * @param mask {@code actionSpace().maskSize()} flags, true where the choice is allowed
   */
  public float[] act(float[] observation, boolean[] mask) {
    return act(observation, mask, null);
  }

  /** An action sampled from the policy. */
  public float[] act(float[] observation, Pcg64 random) {
    return act(observation, null, random);
  }

  /**
   * One of the allowed actions.
   *
   * @param observation {@code observationSpace().size()} finite numbers
   * @param mask {@code actionSpace().maskSize()} flags as {@link
   *     org.mobula.core.environment.Environment#actionMask} writes them, true where the choice is
   *     allowed; null allows all, which a policy that was trained with masks refuses
   * @param random to sample by; null takes the most likely action
   * @return {@code actionSpace().size()} numbers, within the action space
   * @throws IllegalArgumentException if the observation or the mask is of another length, a number
   *     is not finite, no choice is allowed, or the mask is missing
   * @throws NonFiniteException if an output of the network is not finite: learning has diverged
   * @throws IllegalStateException if the policy is closed
   */
  public float[] act(float[] observation, boolean @Nullable [] mask, @Nullable Pcg64 random) {
    check(observation, mask);
    float[] action = new float[spec.actionSpace().size()];
    Workspace workspace = workspaces.take();
    try {
      workspace.runner.flatten(observation, 1, workspace.features);
      forward(workspace, 0, 1);
      mask(workspace.outputs, 0, mask);
      head.choose(workspace.outputs, 0, random, action, 0);
    } finally {
      workspaces.giveBack(workspace);
    }
    return action;
  }

  /** The most likely action and what the policy thinks of it. */
  public ActionEvaluation evaluate(float[] observation) {
    return evaluate(observation, null, null);
  }

  /**
   * The most likely of the allowed actions and what the policy thinks of it.
   *
   * @param mask {@code actionSpace().maskSize()} flags, true where the choice is allowed
   */
  public ActionEvaluation evaluate(float[] observation, boolean[] mask) {
    return evaluate(observation, mask, null);
  }

  /**
   * An action with its log-probability, the value, and the distribution that it was chosen from;
   * shapes, units and errors as of {@link #act(float[], boolean[], Pcg64)}.
   */
  public ActionEvaluation evaluate(
      float[] observation, boolean @Nullable [] mask, @Nullable Pcg64 random) {
    boolean[][] masks = mask == null ? null : new boolean[][] {mask};
    return evaluate(new float[][] {observation}, masks, random).get(0);
  }

  /**
   * Evaluates many observations, some at a time on one thread.
   *
   * @param observations {@code [count][observationSpace().size()]}
   * @param masks {@code [count][actionSpace().maskSize()]}; null allows all choices in all of them
   * @param random to sample by, one action after the other; null takes the most likely ones
   * @return as many as there are observations, in their order
   */
  public List<ActionEvaluation> evaluate(
      float[][] observations, boolean @Nullable [][] masks, @Nullable Pcg64 random) {
    int count = observations.length;
    if (masks != null && masks.length != count) {
      throw new IllegalArgumentException(
          "there are %s masks but %s observations; give one for each"
              .formatted(masks.length, count));
    }
    for (int row = 0; row < count; row++) {
      check(observations[row], masks == null ? null : masks[row]);
    }
    List<ActionEvaluation> evaluations = new ArrayList<>(count);
    Workspace workspace = workspaces.take();
    try {
      int features = spec.observationSpace().flatSize();
      int batch = Math.max(1, Math.min(BATCH_ROWS, BATCH_FEATURES / features));
      workspace.reserve(Math.min(batch, count));
      for (int from = 0; from < count; from += batch) {
        int rows = Math.min(batch, count - from);
        for (int row = 0; row < rows; row++) {
          spec.observationSpace()
              .flatten(observations[from + row], 0, workspace.features, row * features);
        }
        forward(workspace, from, rows);
        for (int row = 0; row < rows; row++) {
          boolean[] mask = masks == null ? null : masks[from + row];
          evaluations.add(
              evaluation(workspace.outputs, row * spec.network().outputs(), mask, random));
        }
      }
    } finally {
      workspaces.giveBack(workspace);
    }
    return evaluations;
  }

  /**
   * The natural logarithm of the probability that the policy takes an action, or of its density in
   * a box, there in the environment's units.
   *
   * @param observation {@code observationSpace().size()} finite numbers
   * @param action {@code actionSpace().size()} numbers within the action space
   * @return negative infinity where the policy never takes it
   * @throws IllegalArgumentException if observation or action do not fit, or the policy takes one
   *     action only in a box, or needs masks
   */
  public double logProbability(float[] observation, float[] action) {
    check(observation, null);
    if (action.length != spec.actionSpace().size() || !spec.actionSpace().contains(action, 0)) {
      throw new IllegalArgumentException(
          "the action %s is not one of %s".formatted(Arrays.toString(action), spec.actionSpace()));
    }
    Workspace workspace = workspaces.take();
    try {
      workspace.runner.flatten(observation, 1, workspace.features);
      forward(workspace, 0, 1);
      return head.logProbability(workspace.outputs, 0, action);
    } finally {
      workspaces.giveBack(workspace);
    }
  }

  private ActionEvaluation evaluation(
      float[] outputs, int offset, boolean @Nullable [] mask, @Nullable Pcg64 random) {
    float[] action = new float[spec.actionSpace().size()];
    mask(outputs, offset, mask);
    float logProbability = head.evaluate(outputs, offset, random, action, 0);
    Float value = spec.hasValue() ? head.value(outputs, offset) : null;
    return new ActionEvaluation(action, logProbability, value, head.describe(outputs, offset));
  }

  private void forward(Workspace workspace, int first, int rows) {
    workspace.runner.normalize(workspace.features, rows);
    workspace.runner.forward(workspace.features, rows, workspace.outputs);
    int width = spec.network().outputs();
    int bad = NonFiniteException.firstBad(workspace.outputs, 0, rows * width);
    if (bad < rows * width) { // the largest of such outputs would be any one
      throw NonFiniteException.divergence(
          "output %d of the policy's network for observation %d"
              .formatted(bad % width, first + bad / width),
          workspace.outputs[bad],
          "learning has diverged, or the observation is far beyond those of the training: take an"
              + " earlier checkpoint, or mend the observation");
    }
  }

  private void mask(float[] outputs, int offset, boolean @Nullable [] mask) {
    if (mask != null) {
      head.mask(outputs, offset, mask, 0);
    }
  }

  private void check(float[] observation, boolean @Nullable [] mask) {
    if (observation.length != spec.observationSpace().size()) {
      throw new IllegalArgumentException(
          "the observation has "
              + observation.length
              + " numbers but the policy was trained on "
              + spec.observationSpace());
    }
    int bad = NonFiniteException.firstBad(observation, 0, observation.length);
    if (bad < observation.length) {
      throw new IllegalArgumentException(
          "element %s of the observation is %s but must be a finite number; mend the place where the observation is made"
              .formatted(bad, observation[bad]));
    }
    int choices = spec.actionSpace().maskSize();
    if (mask == null) {
      if (spec.masksActions()) {
        throw new IllegalArgumentException(
            ("the policy was trained with action masks and may choose a forbidden action without"
                    + " one; give it the environment's mask of %s flags after the observation")
                .formatted(choices));
      }
    } else if (mask.length != choices) {
      throw new IllegalArgumentException(
          "the mask has %s flags but actions in %s have %s choices; give a flag for each"
              .formatted(mask.length, spec.actionSpace(), choices));
    }
  }

  /**
   * Frees what the policy holds, native memory too where the network has any. Waits for those who
   * act at this moment; who acts later meets an {@link IllegalStateException}. A second call does
   * nothing.
   */
  @Override
  public void close() {
    workspaces.close();
  }
}
