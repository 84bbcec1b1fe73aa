package org.mobula.core.metrics;

/**
 * What is measured in each iteration; all means are over the iteration unless told otherwise. An
 * algorithm may measure by names of its own: progress lines show those that start with {@code
 * loss/} and {@code exploration/}.
 */
public final class MetricNames {
  private MetricNames() {}

  /** Mean undiscounted, unnormalised return of the last finished training episodes. */
  public static final String ROLLOUT_EPISODE_RETURN_MEAN = "rollout/episode_return_mean";

  /** Mean length of the same episodes, in environment steps. */
  public static final String ROLLOUT_EPISODE_LENGTH_MEAN = "rollout/episode_length_mean";

  /** Training episodes finished so far in the run. */
  public static final String ROLLOUT_EPISODES = "rollout/episodes";

  /** Optimizer steps between the policy that acted and the one that learns from it. */
  public static final String ROLLOUT_POLICY_LAG = "rollout/policy_lag";

  /** Workers that failed and were started again so far in the run. */
  public static final String ROLLOUT_WORKER_RESTARTS = "rollout/worker_restarts";

  /**
   * Before the name of a number that environments tell by {@code Step.putInfo} in the last step of
   * an episode: its mean over the episodes that ended in the iteration.
   */
  public static final String ENVIRONMENT_PREFIX = "environment/";

  /** Mean undiscounted return of the evaluation's episodes. */
  public static final String EVALUATION_EPISODE_RETURN_MEAN = "evaluation/episode_return_mean";

  /** Standard deviation of the same returns. */
  public static final String EVALUATION_EPISODE_RETURN_STD = "evaluation/episode_return_std";

  /** The policy's term of the loss, before its weight. */
  public static final String LOSS_POLICY = "loss/policy";

  /** The value function's term of the loss, before its weight. */
  public static final String LOSS_VALUE = "loss/value";

  /** Estimate of KL(old ‖ new) on the policy's own actions, in nats. */
  public static final String POLICY_KL = "policy/kl";

  /** Share of samples whose probability ratio left the clip range, 0 to 1. */
  public static final String POLICY_CLIP_FRACTION = "policy/clip_fraction";

  /** Mean entropy of the action distribution, in nats. */
  public static final String POLICY_ENTROPY = "policy/entropy";

  /** 1 − Var(return − value) / Var(return): 1 is perfect, 0 no better than a constant. */
  public static final String VALUE_EXPLAINED_VARIANCE = "value/explained_variance";

  /** Learners that take part at present. */
  public static final String PARAMETERS_LEARNERS = "parameters/learners";

  /** Shards that should have a replica and have none that repeats their steps, at present. */
  public static final String PARAMETERS_REPLICAS_MISSING = "parameters/replicas_missing";

  /** Mean of the versions between a gradient's parameters and those it was applied to. */
  public static final String PARAMETERS_STALENESS_MEAN = "parameters/staleness_mean";

  /** Gradients that came after their round had closed, and were dropped, so far. */
  public static final String PARAMETERS_LATE_GRADIENTS = "parameters/late_gradients";

  /**
   * Before the name of what can happen to shards and learners, such as {@code replica-missing}: how
   * often it was heard of so far. Measured from the first time on.
   */
  public static final String PARAMETERS_EVENTS = "parameters/events/";

  /** Step size of the optimizer. */
  public static final String OPTIMIZER_LEARNING_RATE = "optimizer/learning_rate";

  /** Global L2 norm of the gradient before clipping. */
  public static final String OPTIMIZER_GRADIENT_NORM = "optimizer/gradient_norm";

  /** Environment steps per second of wall time. */
  public static final String TIME_STEPS_PER_SECOND = "time/steps_per_second";

  /** Iterations so far in the run. */
  public static final String TIME_ITERATIONS = "time/iterations";

  /**
   * Wall time of the last collecting, in seconds, one measurement a worker: the name goes on with
   * {@code /worker_0} and so forth.
   */
  public static final String TIME_COLLECT_SECONDS = "time/collect_seconds";
}
