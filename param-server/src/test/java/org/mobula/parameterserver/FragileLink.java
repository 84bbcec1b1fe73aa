package org.mobula.parameterserver;

import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
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
import org.mobula.parameterserver.shard.Release;
import org.mobula.parameterserver.shard.Restore;
import org.mobula.parameterserver.shard.Restored;
import org.mobula.parameterserver.shard.ShardLink;
import org.mobula.parameterserver.shard.ShardState;
import org.mobula.parameterserver.shard.ShardStatus;
import org.mobula.parameterserver.shard.Stepped;

/** A link that is lost for good when its test says so, and all that is unanswered with it. */
@SuppressWarnings({
  "FutureReturnValueIgnored", // Each stage deals with its errors itself.
  "CollectionUndefinedEquality" // A future is itself and no other.
})
final class FragileLink implements ShardLink {
  private final Set<CompletableFuture<?>> unanswered = ConcurrentHashMap.newKeySet();
  private volatile ShardLink link;
  private volatile boolean cut;

  FragileLink(ShardLink link) {
    this.link = link;
  }

  void cut() {
    cut = true;
    unanswered.forEach(each -> each.completeExceptionally(lost()));
  }

  void replace(ShardLink other) {
    link = other;
    cut = false;
  }

  private static LinkLostException lost() {
    return new LinkLostException("connection refused", null);
  }

  private <T> CompletableFuture<T> ask(Function<ShardLink, CompletableFuture<T>> request) {
    if (cut) {
      return CompletableFuture.failedFuture(lost());
    }
    CompletableFuture<T> answer = request.apply(link);
    unanswered.add(answer);
    answer.whenComplete((value, error) -> unanswered.remove(answer));
    if (cut) {
      answer.completeExceptionally(lost());
    }
    return answer;
  }

  @Override
  public CompletableFuture<Joined> join(Join join) {
    return ask(to -> to.join(join));
  }

  @Override
  public CompletableFuture<Void> leave(Caller caller, String trouble) {
    return ask(to -> to.leave(caller, trouble));
  }

  @Override
  public CompletableFuture<Stepped> pushPull(Push push, FloatSlice gradient, FloatSlice values) {
    return ask(to -> to.pushPull(push, gradient, values));
  }

  @Override
  public CompletableFuture<Stepped> commit(Commit commit, FloatSlice values) {
    return ask(to -> to.commit(commit, values));
  }

  @Override
  public CompletableFuture<Pulled> pull(Pull pull, FloatSlice values) {
    return ask(to -> to.pull(pull, values));
  }

  @Override
  public CompletableFuture<Clocks> clock(Caller caller) {
    return ask(to -> to.clock(caller));
  }

  @Override
  public CompletableFuture<ShardState> snapshot(Caller caller, long version) {
    return ask(to -> to.snapshot(caller, version));
  }

  @Override
  public CompletableFuture<Restored> restore(Restore restore) {
    return ask(to -> to.restore(restore));
  }

  @Override
  public CompletableFuture<ShardStatus> status() {
    return ask(ShardLink::status);
  }

  @Override
  public CompletableFuture<Void> setConsistency(Caller caller, Consistency consistency) {
    return ask(to -> to.setConsistency(caller, consistency));
  }

  @Override
  public CompletableFuture<Long> replicate(Entry entry) {
    return ask(to -> to.replicate(entry));
  }

  @Override
  public CompletableFuture<Promoted> promote(Promote promote) {
    return ask(to -> to.promote(promote));
  }

  @Override
  public CompletableFuture<Promoted> release(Release release) {
    return ask(to -> to.release(release));
  }

  @Override
  public void close() {
    cut();
  }
}
