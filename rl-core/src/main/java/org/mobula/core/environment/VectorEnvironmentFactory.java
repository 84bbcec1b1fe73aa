package org.mobula.core.environment;

/**
 * Makes batches of environments that step together: a process with many environments, a simulator
 * that is vectorised already, a world with several agents. Collectors, workers and evaluations take
 * one batch each, of as many environments as they need, and one call a step; so it may be given
 * wherever an {@link EnvironmentFactory} is asked for.
 *
 * <pre>{@code
 * VectorEnvironmentFactory pool = count -> new MyPool(count);
 * Trainer.builder(config).environment(pool).build().train();
 * }</pre>
 */
public interface VectorEnvironmentFactory extends EnvironmentFactory {
  /**
   * A new batch, not yet reset, which shares nothing with other batches.
   *
   * @param count of environments, at least 1
   * @return in the reset mode {@link AutoresetMode#SAME_STEP}
   */
  VectorEnvironment create(int count);

  /** An environment by itself, to ask for its spaces or to be watched: a batch of one. */
  @Override
  default Environment create() {
    return new BatchOfOne(create(1));
  }
}
