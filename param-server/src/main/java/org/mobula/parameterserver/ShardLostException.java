package org.mobula.parameterserver;

/**
 * Neither a shard nor its replica can be reached, or what can be reached has lost its state. What
 * was acknowledged is in the last checkpoint up to its version.
 */
public final class ShardLostException extends RuntimeException {
  ShardLostException(String message, Throwable cause) {
    super(message, cause);
  }
}
