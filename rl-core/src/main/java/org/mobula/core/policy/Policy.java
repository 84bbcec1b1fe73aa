package org.mobula.core.policy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;
import org.mobula.core.network.Network;
import org.mobula.core.random.Pcg64;

/**
 * A trained policy: from an observation to an action, with the normaliser that it was trained with.
 * It never changes and may be used by many threads.
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

  private final PolicySpec spec;
  private final PolicySnapshot snapshot;
  private final ActionHead head;
  private final Network prototype;
  private final ThreadLocal<Workspace> workspaces;
  private final Queue<PolicyRunner> runners = new ConcurrentLinkedQueue<>();

  /** A policy of this form at this moment. */
  public Policy(PolicySpec spec, PolicySnapshot snapshot, NetworkEngine engine) {
    this.spec = spec;
    this.snapshot = snapshot;
    this.head = spec.head();
    this.prototype = engine.create(spec.network());
    this.prototype.setParameters(snapshot.parameters().values());
    this.workspaces = ThreadLocal.withInitial(() -> new Workspace(this));
  }

  /**
   * Loads a policy from its file, a checkpoint directory, or a run directory, of which the newest
   * checkpoint is taken.
   *
   * @throws IOException if there is none, or it is cut off or broken
   */
  public static Policy load(Path path) throws IOException {
    PolicyFile.Contents contents = PolicyFile.read(locate(path));
    return new Policy(contents.spec(), contents.snapshot(), NetworkEngine.AUTO);
  }

  private static Path locate(Path path) throws IOException {
    if (Files.isRegularFile(path)) {
      return path;
    }
    Path inside = path.resolve(FILE_NAME);
    if (Files.exists(inside)) {
      return inside;
    }
    Path checkpoints = path.resolve("checkpoints");
    if (Files.isDirectory(checkpoints)) {
      try (var entries = Files.list(checkpoints)) {
        return entries
            .filter(
                entry -> entry.getFileName().toString().startsWith("step-")) // else half written
            .map(checkpoint -> checkpoint.resolve(FILE_NAME))
            .filter(Files::exists)
            .max(Comparator.naturalOrder())
            .orElseThrow(() -> new IOException("no checkpoint is complete in " + checkpoints));
      }
    }
    throw new IOException(
        path
            + (Files.exists(path) ? " holds no policy" : " does not exist")
            + "; give a run directory, a checkpoint directory or a policy.safetensors file");
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
   * @param observation {@code observationSpace().size()} numbers
   * @return {@code actionSpace().size()} numbers, within the action space
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
   * @param observation {@code observationSpace().size()} numbers
   * @param mask as an environment tells it; null allows all
   * @param random to sample by; null takes the most likely action
   * @return {@code actionSpace().size()} numbers, within the action space
   */
  public float[] act(float[] observation, boolean @Nullable [] mask, @Nullable Pcg64 random) {
    Workspace workspace = outputs(observation);
    float[] action = new float[spec.actionSpace().size()];
    if (mask != null) {
      head.mask(workspace.outputs, 0, mask, 0);
    }
    if (random == null) {
      head.distribution().mode(workspace.outputs, 0, action, 0);
    } else {
      head.distribution().sample(workspace.outputs, 0, random, action, 0);
    }
    head.clip(action, 0);
    return action;
  }

  private Workspace outputs(float[] observation) {
    if (observation.length != spec.observationSpace().size()) {
      throw new IllegalArgumentException(
          "the observation has "
              + observation.length
              + " numbers but the policy was trained on "
              + spec.observationSpace());
    }
    Workspace workspace = workspaces.get();
    workspace.runner.flatten(observation, 1, workspace.features);
    workspace.runner.normalize(workspace.features, 1);
    workspace.runner.forward(workspace.features, 1, workspace.outputs);
    return workspace;
  }

  /** Frees native memory where the network has any; no thread may be acting. */
  @Override
  public void close() {
    prototype.close();
    runners.forEach(PolicyRunner::close);
  }

  /** What one thread needs. */
  private static final class Workspace {
    final PolicyRunner runner;
    final float[] features;
    final float[] outputs;

    Workspace(Policy policy) {
      runner = new PolicyRunner(policy.spec, policy.prototype.copy());
      runner.set(policy.snapshot);
      policy.runners.add(runner);
      features = new float[policy.spec.observationSpace().flatSize()];
      outputs = new float[policy.spec.network().outputs()];
    }
  }
}
