package org.mobula.parameterserver.codec;

import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import org.mobula.core.random.Pcg64;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** Milliseconds for a whole vector, segment by segment through one buffer, as on a connection. */
@SuppressWarnings("NullAway.Init") // JMH calls fill() first
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(1)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 3, time = 1)
public class CodecBenchmark {
  @Param({"fp32", "bf16", "fp16", "int8", "top-k:0.01"})
  public String codec;

  @Param("10000000")
  public int floats;

  private Codec subject;
  private float[] values;
  private ByteBuffer buffer;
  private ByteBuffer encoded;

  @Setup
  public void fill() {
    Pcg64 random = new Pcg64(1);
    subject = CodecConfig.parse(codec).create();
    values = new float[floats];
    for (int i = 0; i < floats; i++) {
      values[i] = (float) random.nextGaussian();
    }
    buffer = ByteBuffer.allocateDirect(subject.maxEncodedBytes(Codec.SEGMENT));
    encoded = ByteBuffer.allocateDirect(subject.maxEncodedBytes(Codec.SEGMENT));
    subject.encode(values, 0, Codec.SEGMENT, encoded);
    encoded.flip();
  }

  @Benchmark
  public ByteBuffer encode() {
    for (int from = 0; from < floats; from += Codec.SEGMENT) {
      subject.encode(values, from, Math.min(Codec.SEGMENT, floats - from), buffer.clear());
    }
    return buffer;
  }

  @Benchmark
  public float[] decode() {
    for (int from = 0; from + Codec.SEGMENT <= floats; from += Codec.SEGMENT) {
      subject.decode(encoded.position(0), values, from, Codec.SEGMENT);
    }
    return values;
  }
}
