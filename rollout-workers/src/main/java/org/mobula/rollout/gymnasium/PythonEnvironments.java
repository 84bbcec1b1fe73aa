package org.mobula.rollout.gymnasium;

import org.mobula.core.environment.Environment;
import org.mobula.core.environment.VectorEnvironment;
import org.mobula.core.environment.VectorEnvironmentFactory;
import org.mobula.core.training.config.EnvironmentConfig;

/**
 * Environments of Gymnasium's or EnvPool's. Each batch is a Python process of its own, which ends
 * with the batch, and with the JVM however that ends; so several workers are several processes.
 *
 * <pre>{@code
 * EnvironmentConfig world = EnvironmentConfig.defaults("gymnasium:LunarLander-v3").withCount(8);
 * TrainingConfig config = TrainingConfig.defaults(world, PpoConfig.defaults());
 * Trainer.builder(config).environment(PythonEnvironments.of(world)).build().train();
 * }</pre>
 *
 * <p>What Python throws is the cause of an {@link
 * org.mobula.core.environment.EnvironmentException}, whole. Needs a system with Unix-domain
 * sockets.
 *
 * @param config which, and by which Python; its count does not matter here
 */
public record PythonEnvironments(EnvironmentConfig config) implements VectorEnvironmentFactory {
  /** Requires an environment of Python's. */
  public PythonEnvironments {
    if (!config.isPython()) {
      throw new IllegalArgumentException(
          config.id() + " is no Python environment: gymnasium or envpool must name it");
    }
  }

  /** The environments that a configuration names. */
  public static PythonEnvironments of(EnvironmentConfig config) {
    return new PythonEnvironments(config);
  }

  /**
   * {@inheritDoc}
   *
   * @throws PythonException if Python cannot be started or the environments cannot be made
   */
  @Override
  public VectorEnvironment create(int count) {
    return new PythonVectorEnvironment(config, count, false);
  }

  /** {@inheritDoc} It draws itself, where the environment renders {@code rgb_array}. */
  @Override
  public Environment create() {
    VectorEnvironmentFactory drawn = one -> new PythonVectorEnvironment(config, one, true);
    return drawn.create();
  }

  @Override
  public String toString() {
    return config.id() + config.options();
  }
}
