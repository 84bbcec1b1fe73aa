package org.mobula.parameterserver.shard;

/** The device that holds a shard's numbers has failed; nothing more can be computed there. */
final class NumbersLostException extends RuntimeException {
  NumbersLostException(String device, RuntimeException cause) {
    super("the shard's numbers on %s are lost (%s)".formatted(device, cause.getMessage()), cause);
  }
}
