package org.mobula.parameterserver.wire;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.mobula.core.network.ParameterLayout;
import org.mobula.parameterserver.codec.CodecConfig;
import org.mobula.parameterserver.codec.CodecKind;

/**
 * How a link reaches its shard.
 *
 * @param layout of the whole vector, which the server's must equal; null for one that moves no
 *     slices and asks for the health alone
 * @param tokenText the server's token; empty for none
 * @param trusted PEM file with the certificates that are trusted; null without TLS
 * @param gradients how pushed gradients travel
 * @param values how values come back; not top-k, which keeps only some of them
 * @param times when the connection counts as lost
 */
public record LinkConfig(
    @Nullable ParameterLayout layout,
    String tokenText,
    @Nullable Path trusted,
    CodecConfig gradients,
    CodecConfig values,
    WireTimes times) {
  /** Checks the codec. */
  public LinkConfig {
    if (values.kind() == CodecKind.TOP_K) {
      throw new IllegalArgumentException(
          "values would travel as %s, which leaves out most of them; take fp32, bf16 or fp16"
              .formatted(values));
    }
    ListenConfig.checkToken(tokenText);
  }

  /** No token, no TLS, floats bit for bit. */
  public static LinkConfig of(ParameterLayout layout) {
    return new LinkConfig(
        layout,
        "",
        null,
        CodecConfig.of(CodecKind.FP32),
        CodecConfig.of(CodecKind.FP32),
        WireTimes.defaults());
  }

  /** For one that does not know the parameters and asks for the health alone. */
  public static LinkConfig health() {
    return new LinkConfig(
        null,
        "",
        null,
        CodecConfig.of(CodecKind.FP32),
        CodecConfig.of(CodecKind.FP32),
        WireTimes.defaults());
  }

  /** With the server's token. */
  public LinkConfig withToken(String text) {
    return new LinkConfig(layout, text, trusted, gradients, values, times);
  }

  /** With TLS. */
  public LinkConfig withTls(Path trustedCertificates) {
    return new LinkConfig(layout, tokenText, trustedCertificates, gradients, values, times);
  }

  /** With other codecs. */
  public LinkConfig withCodecs(CodecConfig forGradients, CodecConfig forValues) {
    return new LinkConfig(layout, tokenText, trusted, forGradients, forValues, times);
  }

  /** With other times. */
  public LinkConfig withTimes(WireTimes other) {
    return new LinkConfig(layout, tokenText, trusted, gradients, values, other);
  }

  /** Without the token. */
  @Override
  public String toString() {
    return "LinkConfig[token=%s, trusted=%s, gradients=%s, values=%s, times=%s]"
        .formatted(tokenText.isEmpty() ? "none" : "hidden", trusted, gradients, values, times);
  }
}
