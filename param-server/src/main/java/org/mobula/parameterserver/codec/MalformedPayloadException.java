package org.mobula.parameterserver.codec;

/** Bytes that are not encoded floats; the text says why not. */
public final class MalformedPayloadException extends IllegalArgumentException {
  private static final long serialVersionUID = 1;

  MalformedPayloadException(CodecKind kind, String because) {
    super("a payload of codec " + kind.label() + " cannot be read: " + because);
  }
}
