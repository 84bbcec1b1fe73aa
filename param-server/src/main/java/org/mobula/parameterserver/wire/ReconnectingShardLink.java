package org.mobula.parameterserver.wire;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.mobula.parameterserver.shard.Caller;
import org.mobula.parameterserver.shard.Clocks;
import org.mobula.parameterserver.shard.Commit;
import org.mobula.parameterserver.shard.Consistency;
import org.mobula.parameterserver.shard.Entry;
import org.mobula.parameterserver.shard.FloatSlice;
import org.mobula.parameterserver.shard.Join;
import org.mobula.parameterserver.shard.Joined;
import org.mobula.parameterserver.shard.LinkLostException;
import org.mobula.parameterserver.shard.Promote;
import org.mobula.parameterserver.shard.Promoted;
import org.mobula.parameterserver.shard.Pull;
import org.mobula.parameterserver.shard.Pulled;
import org.mobula.parameterserver.shard.Push;
import org.mobula.parameterserver.shard.RefusedException;
import org.mobula.parameterserver.shard.Release;
import org.mobula.parameterserver.shard.Restore;
import org.mobula.parameterserver.shard.Restored;
import org.mobula.parameterserver.shard.ShardLink;
import org.mobula.parameterserver.shard.ShardState;
import org.mobula.parameterserver.shard.ShardStatus;
import org.mobula.parameterserver.shard.Stepped;

/**
 * A shard at an address: connects at the first request, and anew at the first one after a
 * connection was lost. Requests that a lost connection left unanswered are not repeated here.
 */
public final class ReconnectingShardLink implements ShardLink {
  private final Transport transport;
  private final Address address;
  private final int shard;
  private final LinkConfig config;
  private @Nullable CompletableFuture<SocketShardLink> connection;
  private boolean closed;

  /**
   * A link that has not connected yet.
   *
   * @param shard the place of the shard in the server's list, from 0
   */
  public ReconnectingShardLink(Transport transport, Address address, int shard, LinkConfig config) {
    this.transport = transport;
    this.address = address;
    this.shard = shard;
    this.config = config;
  }

  private synchronized CompletableFuture<SocketShardLink> connection() {
    if (closed) {
      return CompletableFuture.failedFuture(
          new LinkLostException("the link to " + address + " was closed", null));
    }
    CompletableFuture<SocketShardLink> present = connection;
    boolean usable =
        present != null
            && (!present.isDone()
                || (!present.isCompletedExceptionally() && present.join().isOpen()));
    if (present == null || !usable) {
      present = SocketShardLink.connect(transport, address, shard, config);
      connection = present;
    }
    return present;
  }

  private <T extends @Nullable Object> CompletableFuture<T> ask(
      Function<SocketShardLink, CompletableFuture<T>> request) {
    CompletableFuture<SocketShardLink> link = connection();
    if (link.isDone() && !link.isCompletedExceptionally()) {
      return request.apply(link.join());
    }
    CompletableFuture<T> answer = new CompletableFuture<>();
    var unused =
        link.whenComplete(
            (open, error) -> {
              if (error != null) {
                answer.completeExceptionally(unsent(cause(error)));
              } else if (!answer.isDone()) { // else it was given up meanwhile
                forward(request.apply(open), answer);
              }
            });
    return answer;
  }

  private static <T extends @Nullable Object> void forward(
      CompletableFuture<T> from, CompletableFuture<T> to) {
    var unused =
        from.whenComplete(
            (answer, error) -> {
              if (error != null) {
                to.completeExceptionally(cause(error));
              } else {
                to.complete(answer);
              }
            });
    var unused2 =
        to.whenComplete(
            (answer, error) -> {
              if (to.isCancelled()) {
                from.cancel(false);
              }
            });
  }

  /** Without a connection nothing was asked. */
  private static Throwable unsent(Throwable cause) {
    return cause instanceof LinkLostException
        ? new LinkLostException(String.valueOf(cause.getMessage()), cause.getCause(), false)
        : cause;
  }

  private static Throwable cause(Throwable error) {
    Throwable cause =
        error instanceof CompletionException && error.getCause() != null ? error.getCause() : error;
    return cause instanceof RefusedException || cause instanceof LinkLostException
        ? cause
        : new LinkLostException("the connection could not be opened: " + cause, cause);
  }

  @Override
  public CompletableFuture<Joined> join(Join join) {
    return ask(link -> link.join(join));
  }

  @Override
  public CompletableFuture<Void> leave(Caller caller, String trouble) {
    return ask(link -> link.leave(caller, trouble));
  }

  @Override
  public CompletableFuture<Stepped> pushPull(Push push, FloatSlice gradient, FloatSlice values) {
    return ask(link -> link.pushPull(push, gradient, values));
  }

  @Override
  public CompletableFuture<Stepped> commit(Commit commit, FloatSlice values) {
    return ask(link -> link.commit(commit, values));
  }

  @Override
  public CompletableFuture<Pulled> pull(Pull pull, FloatSlice values) {
    return ask(link -> link.pull(pull, values));
  }

  @Override
  public CompletableFuture<Clocks> clock(Caller caller) {
    return ask(link -> link.clock(caller));
  }

  @Override
  public CompletableFuture<ShardState> snapshot(Caller caller, long version) {
    return ask(link -> link.snapshot(caller, version));
  }

  @Override
  public CompletableFuture<Restored> restore(Restore restore) {
    return ask(link -> link.restore(restore));
  }

  @Override
  public CompletableFuture<ShardStatus> status() {
    return ask(SocketShardLink::status);
  }

  @Override
  public CompletableFuture<Void> setConsistency(Caller caller, Consistency consistency) {
    return ask(link -> link.setConsistency(caller, consistency));
  }

  @Override
  public CompletableFuture<Long> replicate(Entry entry) {
    return ask(link -> link.replicate(entry));
  }

  @Override
  public CompletableFuture<Promoted> promote(Promote promote) {
    return ask(link -> link.promote(promote));
  }

  @Override
  public CompletableFuture<Promoted> release(Release release) {
    return ask(link -> link.release(release));
  }

  @Override
  public synchronized void close() {
    closed = true;
    CompletableFuture<SocketShardLink> present = connection;
    if (present != null) {
      var unused =
          present.whenComplete(
              (open, error) -> {
                if (open != null) {
                  open.close();
                }
              });
    }
  }

  @Override
  public String toString() {
    return "shard at " + address;
  }
}
