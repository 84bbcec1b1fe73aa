package org.mobula.parameterserver.wire;

import io.netty.buffer.ByteBuf;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.mobula.parameterserver.codec.Codec;
import org.mobula.parameterserver.codec.CodecKind;
import org.mobula.parameterserver.shard.FloatSlice;
import org.mobula.parameterserver.shard.RefusedException;

/** A client's request, and what becomes of it. */
final class Exchange<T extends @Nullable Object> {
  final Kind kind;
  final long epoch;
  final Consumer<ByteBuf> words;

  /** The floats that follow the words, given the codec that gradients travel in. */
  final Function<Codec, Vectors> floats;

  final CompletableFuture<T> future = new CompletableFuture<>();
  private final BiFunction<ByteBuf, Exchange<T>, T> answer;
  private Map<CodecKind, Codec> decoders = Map.of();
  private Vectors incoming = Vectors.NONE;
  private @Nullable Runnable completion;

  /**
   * A request that is not sent yet.
   *
   * @param answer reads an answer's words, and says by {@link #readValues} or {@link #expect} where
   *     its floats go
   */
  Exchange(
      Kind kind,
      long epoch,
      Consumer<ByteBuf> words,
      Function<Codec, Vectors> floats,
      BiFunction<ByteBuf, Exchange<T>, T> answer) {
    this.kind = kind;
    this.epoch = epoch;
    this.words = words;
    this.floats = floats;
    this.answer = answer;
  }

  /** Reads in which codec values follow, if they do, which go there. */
  void readValues(ByteBuf in, FloatSlice values) {
    CodecKind codec = Words.readCodec(in);
    int count = in.readIntLE();
    if (count != (codec == null ? 0 : values.length())) {
      throw Words.impossible("the number of values", count);
    }
    if (codec != null) {
      expect(Vectors.of(values, decoders.computeIfAbsent(codec, Codec::reading)));
    }
  }

  /** The answer's floats go there. */
  void expect(Vectors floatsOfAnswer) {
    incoming = floatsOfAnswer;
  }

  /**
   * The answer's words are here.
   *
   * @param known decoders of the connection, to which new ones are added
   * @return where its floats go
   */
  Vectors begin(ByteBuf head, Map<CodecKind, Codec> known) {
    decoders = known;
    T result = answer.apply(head, this);
    completion = () -> future.complete(result);
    return incoming;
  }

  /** A refusal is here in place of an answer. */
  void refused(RefusedException why) {
    completion = () -> future.completeExceptionally(why);
  }

  /** All floats are here, too. */
  void end() {
    Runnable ends = completion;
    if (ends != null) {
      ends.run();
    }
  }
}
