package org.mobula.parameterserver.codec;

/** Bytes that are not encoded floats. Whoever reads from strangers counts these by their fault. */
public final class MalformedPayloadException extends IllegalArgumentException {
  private static final long serialVersionUID = 1;

  private final PayloadFault fault;

  MalformedPayloadException(CodecKind kind, PayloadFault fault, String because) {
    super("a payload of codec " + kind.label() + " cannot be read: " + because);
    this.fault = fault;
  }

  /** What is wrong. */
  public PayloadFault fault() {
    return fault;
  }
}
