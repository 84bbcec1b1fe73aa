package org.mobula.serve.batch;

import io.soabase.recordbuilder.core.RecordBuilder;
import java.io.Serializable;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.mobula.core.config.Constraints;
import org.mobula.core.config.Doc;
import org.mobula.core.config.Range;

/** How the requests for a model are queued, put together and spread over replicas. */
@RecordBuilder
public record BatchingConfig(
    @Doc("rows that are computed together at most; a request with more is computed alone")
        @Range(min = 1)
        int maxBatchRows,
    @Doc("rows that one request may have") @Range(min = 1) int maxRequestRows,
    @Doc("how long an idle replica waits for a fuller batch; 0s computes at once") @Range(min = 0)
        Duration maxBatchDelay,
    @Doc("requests that may wait; more are turned away") @Range(min = 1) int queueCapacity,
    @Doc("a request that is not answered by then is answered with an error")
        @Range(exclusiveMin = 0)
        Duration requestTimeout,
    @Doc(
            "a call of the model that takes longer is given up, and its replica replaced; by"
                + " default the longer of request-timeout and 30s")
        @Range(exclusiveMin = 0)
        @Nullable Duration modelTimeout,
    @Doc("replicas that are always there") @Range(min = 1) int minReplicas,
    @Doc("replicas that are there when many requests wait") @Range(min = 1) int maxReplicas,
    @Doc("an additional replica that had nothing to do for so long is taken away")
        @Range(exclusiveMin = 0)
        Duration scaleDownDelay,
    @Doc("a session that asks nothing for so long is forgotten, by models that keep a state")
        @Range(exclusiveMin = 0)
        Duration sessionIdleTimeout)
    implements Serializable, BatchingConfigBuilder.With {
  private static final Duration LEAST_PATIENCE = Duration.ofSeconds(30);

  /** Checks the values. */
  public BatchingConfig {
    Constraints.check(
        BatchingConfig.class,
        maxBatchRows,
        maxRequestRows,
        maxBatchDelay,
        queueCapacity,
        requestTimeout,
        modelTimeout,
        minReplicas,
        maxReplicas,
        scaleDownDelay,
        sessionIdleTimeout);
    Constraints.require(
        maxReplicas >= minReplicas,
        "max-replicas",
        maxReplicas,
        "must be ≥ min-replicas (" + minReplicas + ")");
  }

  /** How long a call of the model may take. */
  Duration modelPatience() {
    if (modelTimeout != null) {
      return modelTimeout;
    }
    return requestTimeout.compareTo(LEAST_PATIENCE) > 0 ? requestTimeout : LEAST_PATIENCE;
  }

  /** One replica, batches of up to 256 rows without a delay, 1,000 requests waiting, 30 s each. */
  public static BatchingConfig defaults() {
    return new BatchingConfig(
        256,
        16_384,
        Duration.ZERO,
        1_000,
        Duration.ofSeconds(30),
        null,
        1,
        1,
        Duration.ofSeconds(60),
        Duration.ofSeconds(60));
  }
}
