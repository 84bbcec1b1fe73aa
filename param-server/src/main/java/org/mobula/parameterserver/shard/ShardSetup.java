package org.mobula.parameterserver.shard;

import java.io.Serializable;
import java.time.Duration;
import org.mobula.core.network.ParameterLayout;
import org.mobula.core.optimizer.OptimizerConfig;

/**
 * What a shard and its replica must agree on.
 *
 * @param layout of the whole vector
 * @param from first place of the slice in the flat vector
 * @param to the place after its last
 * @param optimizer of the whole vector; the shard holds its slice
 * @param maxGradientNorm gradients are scaled down to this global norm; 0 leaves them as they are,
 *     and a step is one message
 * @param consistency in force at the start
 * @param lease a worker that is silent for longer is taken off
 * @param reconnectWithin a worker whose connection is gone is taken off after this time
 * @param replicaTimeout a replica that does not acknowledge for longer is given up
 * @param device where the shard computes
 * @param number of the shard among all, from 0: of several GPUs it takes this one, counted round
 * @param agreement what the shard was configured with
 */
public record ShardSetup(
    ParameterLayout layout,
    int from,
    int to,
    OptimizerConfig optimizer,
    double maxGradientNorm,
    Consistency consistency,
    Duration lease,
    Duration reconnectWithin,
    Duration replicaTimeout,
    ComputeDevice device,
    int number,
    Agreement agreement)
    implements Serializable {
  /** Checks the ranges. */
  public ShardSetup {
    if (from < 0 || to <= from || to > layout.size()) {
      throw new IllegalArgumentException(
          "the shard's range is [%s, %s) but must lie in the %s numbers of the flat vector"
              .formatted(from, to, layout.size()));
    }
    if (!(maxGradientNorm >= 0)) {
      throw new IllegalArgumentException(
          "max-gradient-norm is " + maxGradientNorm + " but must be ≥ 0, where 0 means no limit");
    }
    checkPositive("lease", lease);
    checkPositive("reconnect-within", reconnectWithin);
    checkPositive("replica-timeout", replicaTimeout);
    if (number < 0) {
      throw new IllegalArgumentException("number is " + number + " but must be ≥ 0");
    }
  }

  /** One that computes on the CPU, for workers of any settings. */
  public ShardSetup(
      ParameterLayout layout,
      int from,
      int to,
      OptimizerConfig optimizer,
      double maxGradientNorm,
      Consistency consistency,
      Duration lease,
      Duration reconnectWithin,
      Duration replicaTimeout) {
    this(
        layout,
        from,
        to,
        optimizer,
        maxGradientNorm,
        consistency,
        lease,
        reconnectWithin,
        replicaTimeout,
        ComputeDevice.CPU,
        0,
        Agreement.NONE);
  }

  private static void checkPositive(String name, Duration duration) {
    if (duration.isNegative() || duration.isZero()) {
      throw new IllegalArgumentException(name + " is " + duration + " but must be > 0");
    }
  }

  /** How many numbers the slice has. */
  public int size() {
    return to - from;
  }
}
