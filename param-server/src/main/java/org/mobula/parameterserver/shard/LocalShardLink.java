package org.mobula.parameterserver.shard;

import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.function.Supplier;

/** A shard in the same JVM: no socket, and arrays by reference. */
@SuppressWarnings({
  "FutureReturnValueIgnored", // Each stage deals with its errors itself.
  "CollectionUndefinedEquality" // A future is itself and no other.
})
public final class LocalShardLink implements ShardLink {
  private final Supplier<Shard> present;
  private final Set<CompletableFuture<?>> unanswered = ConcurrentHashMap.newKeySet();
  private volatile boolean closed;

  /** A link to a shard. */
  public LocalShardLink(Shard shard) {
    this(() -> shard);
  }

  /**
   * A link to whichever shard is at a place.
   *
   * @param present asked at each request, by any thread
   */
  public LocalShardLink(Supplier<Shard> present) {
    this.present = present;
  }

  @Override
  public CompletableFuture<Joined> join(Join join) {
    return ask(shard -> shard.join(join));
  }

  @Override
  public CompletableFuture<Void> leave(Caller caller, String trouble) {
    return ask(shard -> shard.leave(caller, trouble));
  }

  @Override
  public CompletableFuture<Stepped> pushPull(Push push, FloatSlice gradient, FloatSlice values) {
    return ask(shard -> shard.pushPull(push, gradient, into(values)));
  }

  @Override
  public CompletableFuture<Stepped> commit(Commit commit, FloatSlice values) {
    return ask(shard -> shard.commit(commit, into(values)));
  }

  @Override
  public CompletableFuture<Pulled> pull(Pull pull, FloatSlice values) {
    return ask(shard -> shard.pull(pull, into(values)));
  }

  /** The shard checks no values' length: they never leave the client over a network. */
  private SliceReader into(FloatSlice wanted) {
    if (wanted.length() == 0) {
      return SliceReader.NONE;
    }
    if (wanted.length() != present.get().setup().size()) {
      throw new IllegalArgumentException(
          "the values' slice has %s numbers but the shard's range has %s"
              .formatted(wanted.length(), present.get().setup().size()));
    }
    return new IntoArray(wanted);
  }

  /** Copies values when they are there, or stretch by stretch while a step is taken. */
  private static final class IntoArray implements SliceReader {
    private final FloatSlice wanted;
    private long version = -1;
    private int done;

    IntoArray(FloatSlice wanted) {
      this.wanted = wanted;
    }

    @Override
    public void readStretch(float[] values, int from, int to, long ofVersion) {
      if (from == 0) {
        version = ofVersion;
        done = 0;
      }
      if (version == ofVersion && done == from) {
        System.arraycopy(values, from, wanted.array(), wanted.offset() + from, to - from);
        done = to;
      }
    }

    @Override
    public void read(float[] values, int offset, int length, long ofVersion) {
      if (version != ofVersion || done != length) {
        System.arraycopy(values, offset, wanted.array(), wanted.offset(), length);
      }
    }
  }

  @Override
  public CompletableFuture<Clocks> clock(Caller caller) {
    return ask(shard -> shard.clock(caller));
  }

  @Override
  public CompletableFuture<ShardState> snapshot(Caller caller, long version) {
    return ask(shard -> shard.snapshot(caller, version));
  }

  @Override
  public CompletableFuture<Restored> restore(Restore restore) {
    return ask(shard -> shard.restore(restore));
  }

  @Override
  public CompletableFuture<ShardStatus> status() {
    return ask(Shard::status);
  }

  @Override
  public CompletableFuture<Void> setConsistency(Caller caller, Consistency consistency) {
    return ask(shard -> shard.setConsistency(caller, consistency));
  }

  @Override
  public CompletableFuture<Long> replicate(Entry entry) {
    return ask(shard -> shard.replicate(entry));
  }

  @Override
  public CompletableFuture<Promoted> promote(Promote promote) {
    return ask(shard -> shard.promote(promote));
  }

  @Override
  public CompletableFuture<Promoted> release(Release release) {
    return ask(shard -> shard.release(release));
  }

  private <T> CompletableFuture<T> ask(Function<Shard, CompletableFuture<T>> request) {
    if (closed) {
      return CompletableFuture.failedFuture(lost());
    }
    CompletableFuture<T> answer = request.apply(present.get());
    if (!answer.isDone()) {
      unanswered.add(answer);
      answer.whenComplete((value, error) -> unanswered.remove(answer));
      if (closed) {
        answer.completeExceptionally(lost());
      }
    }
    return answer;
  }

  private static LinkLostException lost() {
    return new LinkLostException("the link to the shard in this JVM was closed", null);
  }

  @Override
  public void close() {
    closed = true;
    unanswered.forEach(answer -> answer.completeExceptionally(lost()));
  }
}
