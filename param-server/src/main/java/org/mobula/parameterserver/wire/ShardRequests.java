package org.mobula.parameterserver.wire;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiConsumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.mobula.parameterserver.codec.Codec;
import org.mobula.parameterserver.codec.CodecKind;
import org.mobula.parameterserver.shard.Caller;
import org.mobula.parameterserver.shard.Commit;
import org.mobula.parameterserver.shard.Consistency;
import org.mobula.parameterserver.shard.Entry;
import org.mobula.parameterserver.shard.FloatSlice;
import org.mobula.parameterserver.shard.Join;
import org.mobula.parameterserver.shard.Joined;
import org.mobula.parameterserver.shard.Promote;
import org.mobula.parameterserver.shard.Pull;
import org.mobula.parameterserver.shard.Push;
import org.mobula.parameterserver.shard.Refusal;
import org.mobula.parameterserver.shard.Release;
import org.mobula.parameterserver.shard.Restore;
import org.mobula.parameterserver.shard.Shard;
import org.mobula.parameterserver.shard.SliceReader;
import org.mobula.parameterserver.shard.Stepped;

/**
 * What one client asks of its shard: reads a request's words, says where its floats go, asks the
 * shard when they are there, and brings the answer to the connection. Event loop only.
 */
@SuppressWarnings("FutureReturnValueIgnored") // each stage deals with its errors itself
final class ShardRequests {
  final Shard shard;
  private final ServerConnection connection;
  private final Channel channel;
  private final int mostUnused;
  private final Map<CodecKind, Codec> codecs = new EnumMap<>(CodecKind.class);

  /** Arrays for gradients that are not in use. */
  private final Deque<float[]> unused = new ArrayDeque<>();

  /** Over which connection each worker of the server's shards has asked last. */
  private final Map<Seat, ShardRequests> seats;

  private @Nullable Seat seat;

  /** A worker, whose requests may come over one connection and then another. */
  record Seat(Shard shard, int worker, long session) {}

  /**
   * Of a client that has shaken hands.
   *
   * @param seats of all connections of the server; safe for several threads
   * @param mostUnused arrays of the slice's length that are kept for the next gradients
   */
  ShardRequests(
      ServerConnection connection,
      Channel channel,
      Shard shard,
      Map<Seat, ShardRequests> seats,
      int mostUnused) {
    this.connection = connection;
    this.channel = channel;
    this.shard = shard;
    this.seats = seats;
    this.mostUnused = mostUnused;
  }

  /**
   * A request whose words are here.
   *
   * @param floats where its floats go
   * @param ask asks the shard; to be run when the floats are there
   */
  record Request(Vectors floats, Runnable ask) {
    static Request of(Runnable ask) {
      return new Request(Vectors.NONE, ask);
    }
  }

  /**
   * Reads all words of a request.
   *
   * @param gradient where its gradient lies, if that is in shared memory
   * @param answer where its values may go
   */
  Request read(
      Kind kind,
      long id,
      long epoch,
      ByteBuf head,
      @Nullable SharedFloats gradient,
      @Nullable SharedFloats answer) {
    return switch (kind) {
      case JOIN -> {
        Join join = RequestWords.readJoin(head, epoch);
        yield Request.of(() -> reply(kind, id, joined(join), AnswerWords::joined));
      }
      case LEAVE -> {
        Caller caller = RequestWords.readCaller(head, epoch);
        String trouble = Words.readText(head);
        yield Request.of(
            () -> reply(kind, id, shard.leave(caller, trouble), (out, nothing) -> leaveSeat()));
      }
      case PUSH, PUSH_PULL -> readPush(kind, id, epoch, head, gradient, answer);
      case COMMIT -> {
        Commit commit = RequestWords.readCommit(head, epoch);
        takeSeat(commit.caller());
        Values values = new Values(Words.readCodec(head), answer);
        yield Request.of(
            () -> reply(kind, id, shard.commit(commit, values), values, AnswerWords::stepped));
      }
      case PULL -> {
        Pull pull = RequestWords.readPull(head, epoch);
        takeSeat(pull.caller());
        Values values = new Values(Words.readCodec(head), answer);
        yield Request.of(
            () -> reply(kind, id, shard.pull(pull, values), values, AnswerWords::pulled));
      }
      case CLOCK -> {
        Caller caller = RequestWords.readCaller(head, epoch);
        takeSeat(caller);
        yield Request.of(() -> reply(kind, id, shard.clock(caller), AnswerWords::clocks));
      }
      case SNAPSHOT -> {
        Caller caller = RequestWords.readCaller(head, epoch);
        long version = head.readLongLE();
        yield Request.of(
            () ->
                reply(
                    kind,
                    id,
                    shard.snapshot(caller, version),
                    AnswerWords::shardState,
                    state -> Words.vectors(state.slice())));
      }
      case RESTORE -> {
        Restore restore = RequestWords.readRestore(head, epoch, shard.setup().size());
        yield new Request(
            Words.vectors(restore.slice()),
            () -> reply(kind, id, shard.restore(restore), AnswerWords::restored));
      }
      case HEALTH -> Request.of(() -> reply(kind, id, shard.status(), AnswerWords::status));
      case CONSISTENCY -> {
        Caller caller = RequestWords.readCaller(head, epoch);
        Consistency wanted = Words.readConsistency(head);
        yield Request.of(
            () -> reply(kind, id, shard.setConsistency(caller, wanted), (out, nothing) -> {}));
      }
      case REPLICATE -> readEntry(id, epoch, head);
      case PROMOTE -> {
        Promote promote = RequestWords.readPromote(head);
        yield Request.of(() -> reply(kind, id, shard.promote(promote), AnswerWords::promoted));
      }
      case RELEASE -> {
        Release release = RequestWords.readRelease(head);
        yield Request.of(() -> reply(kind, id, shard.release(release), AnswerWords::promoted));
      }
      default -> throw WireException.malformed("no request is called " + kind);
    };
  }

  private CompletableFuture<Joined> joined(Join join) {
    return shard
        .join(join)
        .whenComplete(
            (joined, error) -> {
              if (joined != null) {
                Seat taken = new Seat(shard, joined.worker(), join.session());
                connection.inLoop(
                    () -> {
                      if (channel.isActive()) {
                        takeSeat(taken);
                      } else if (!seats.containsKey(taken)) {
                        // The connection went before there was anybody to take off.
                        shard.disconnected(taken.worker(), taken.session());
                      }
                    });
              }
            });
  }

  private Request readPush(
      Kind kind,
      long id,
      long epoch,
      ByteBuf head,
      @Nullable SharedFloats shared,
      @Nullable SharedFloats answer) {
    Push push = RequestWords.readPush(head, epoch);
    takeSeat(push.caller());
    Values values = new Values(Words.readCodec(head), answer);
    CodecKind codec = Words.readCodec(head);
    int count = head.readIntLE();
    if (shared != null && codec == shared.terms.gradients() && count == shared.terms.floats()) {
      return Request.of(
          () -> {
            SharedFloats.Loan gradient = shared.lendGradient();
            CompletableFuture<Stepped> future = shard.pushPull(push, gradient, values);
            future.whenComplete((stepped, error) -> gradient.end());
            reply(kind, id, future, values, AnswerWords::stepped);
          });
    }
    float[] array = borrow(count);
    FloatSlice gradient = new FloatSlice(array, 0, count);
    return new Request(
        Vectors.of(gradient, codec(codec)),
        () -> {
          CompletableFuture<Stepped> future = shard.pushPull(push, gradient, values);
          giveBackAfter(future, array);
          reply(kind, id, future, values, AnswerWords::stepped);
        });
  }

  private Request readEntry(long id, long epoch, ByteBuf head) {
    int size = shard.setup().size();
    Entry entry = EntryWords.read(head, epoch, size, () -> borrow(size));
    return new Request(
        EntryWords.vectors(entry),
        () -> {
          CompletableFuture<Long> future = shard.replicate(entry);
          if (entry.change() instanceof Entry.Step step) {
            giveBackAfter(future, step.gradient().array());
          }
          reply(Kind.REPLICATE, id, future, ByteBuf::writeLongLE);
        });
  }

  private Codec codec(@Nullable CodecKind kind) {
    if (kind == null) {
      throw WireException.malformed("floats come without a codec");
    }
    return codecs.computeIfAbsent(kind, Codec::reading);
  }

  /**
   * An array for so many floats. A wrong number of them, if it is not too large, the shard refuses.
   */
  private float[] borrow(int count) {
    int size = shard.setup().size();
    if (count < 0 || count > Math.max(size, Codec.SEGMENT)) {
      throw new WireException(
          Refusal.WRONG_LENGTH,
          "%s numbers are announced but the shard's range has %s".formatted(count, size));
    }
    float[] array = count == size ? unused.poll() : null;
    return array != null ? array : new float[count];
  }

  private void giveBackAfter(CompletableFuture<?> future, float[] array) {
    future.whenComplete(
        (answer, error) ->
            connection.inLoop(
                () -> {
                  if (array.length == shard.setup().size() && unused.size() < mostUnused) {
                    unused.push(array);
                  }
                }));
  }

  /**
   * The shard's values on their way to the client: encoded from where they lie as the socket has
   * room, and copied only if the shard takes its next step before.
   */
  private final class Values implements SliceReader {
    private final @Nullable Codec codec;
    private final @Nullable SharedFloats memory;
    private Vectors vectors = Vectors.NONE;
    private int count;

    // What is in the shared memory.
    private long writtenVersion = -1;
    private int written;
    private boolean allWritten;

    Values(@Nullable CodecKind kind, @Nullable SharedFloats answer) {
      if (kind == CodecKind.TOP_K) {
        throw WireException.malformed("values are wanted as " + kind);
      }
      codec = kind == null ? null : codec(kind);
      memory = answer != null && answer.terms.values() == kind ? answer : null;
    }

    @Override
    public void readStretch(float[] values, int from, int to, long version) {
      SharedFloats target = memory;
      if (target == null) {
        return;
      }
      if (from == 0) {
        writtenVersion = version;
        written = 0;
      }
      if (writtenVersion == version && written == from && target.writeStretch(values, from, to)) {
        written = to;
      }
    }

    @Override
    public void read(float[] values, int offset, int length, long version) {
      if (codec != null && channel.isActive()) {
        count = length;
        allWritten = writtenVersion == version && written == length;
        vectors =
            allWritten ? Vectors.NONE : Vectors.of(new FloatSlice(values, offset, length), codec);
      }
    }

    @Override
    public boolean isDone() {
      return !vectors.hasNext() || !channel.isActive();
    }

    @Override
    public void finish() {
      vectors.detach();
    }

    void words(ByteBuf out) {
      out.writeByte(codec == null || count == 0 ? Words.NO_VALUES : codec.kind().id())
          .writeIntLE(count);
    }
  }

  private <T> void reply(
      Kind kind, long id, CompletableFuture<T> future, BiConsumer<ByteBuf, T> words) {
    reply(kind, id, future, words, answer -> Vectors.NONE);
  }

  private <T> void reply(
      Kind kind,
      long id,
      CompletableFuture<T> future,
      Values values,
      BiConsumer<ByteBuf, T> words) {
    BiConsumer<ByteBuf, T> all = words.andThen((out, answer) -> values.words(out));
    future.whenComplete(
        (answer, error) ->
            connection.inLoop(
                () -> {
                  if (error != null) {
                    connection.refuse(kind, id, error);
                  } else if (values.allWritten) {
                    connection.answerShared(kind, id, out -> all.accept(out, answer));
                  } else {
                    connection.answer(kind, id, out -> all.accept(out, answer), values.vectors);
                  }
                }));
  }

  private <T> void reply(
      Kind kind,
      long id,
      CompletableFuture<T> future,
      BiConsumer<ByteBuf, T> words,
      Function<T, Vectors> floats) {
    future.whenComplete(
        (answer, error) ->
            connection.inLoop(
                () -> {
                  if (error != null) {
                    connection.refuse(kind, id, error);
                  } else {
                    connection.answer(
                        kind, id, out -> words.accept(out, answer), floats.apply(answer));
                  }
                }));
  }

  private void takeSeat(Caller caller) {
    if (caller.worker() != Caller.READER) {
      takeSeat(new Seat(shard, caller.worker(), caller.session()));
    }
  }

  private void takeSeat(Seat taken) {
    if (!taken.equals(seat)) {
      leaveSeat();
      seat = taken;
      seats.put(taken, this);
    }
  }

  /**
   * Gives the seat up.
   *
   * @return false if there was none, or another connection has taken it
   */
  private boolean leaveSeat() {
    Seat left = seat;
    seat = null;
    return left != null && seats.remove(left, this);
  }

  /** The connection is gone: its worker has to come back soon, unless it has done so already. */
  void disconnected() {
    Seat left = seat;
    if (leaveSeat() && left != null) {
      shard.disconnected(left.worker(), left.session());
    }
  }
}
