package org.mobula.parameterserver.shard;

import java.util.concurrent.CompletableFuture;

/** A link to a replica, of which a primary asks nothing but to follow. */
public abstract class ReplicatingLink implements ShardLink {
  private static <T> CompletableFuture<T> never() {
    throw new UnsupportedOperationException("a primary only replicates");
  }

  @Override
  public CompletableFuture<Joined> join(Join join) {
    return never();
  }

  @Override
  public CompletableFuture<Void> leave(Caller caller, String trouble) {
    return never();
  }

  @Override
  public CompletableFuture<Stepped> pushPull(Push push, FloatSlice gradient, FloatSlice values) {
    return never();
  }

  @Override
  public CompletableFuture<Stepped> commit(Commit commit, FloatSlice values) {
    return never();
  }

  @Override
  public CompletableFuture<Pulled> pull(Pull pull, FloatSlice values) {
    return never();
  }

  @Override
  public CompletableFuture<Clocks> clock(Caller caller) {
    return never();
  }

  @Override
  public CompletableFuture<ShardState> snapshot(Caller caller, long version) {
    return never();
  }

  @Override
  public CompletableFuture<Restored> restore(Restore restore) {
    return never();
  }

  @Override
  public CompletableFuture<ShardStatus> status() {
    return never();
  }

  @Override
  public CompletableFuture<Void> setConsistency(Caller caller, Consistency consistency) {
    return never();
  }

  @Override
  public CompletableFuture<Promoted> promote(Promote promote) {
    return never();
  }

  @Override
  public CompletableFuture<Promoted> release(Release release) {
    return never();
  }

  @Override
  public void close() {}
}
