package org.mobula.parameterserver.shard;

import java.util.concurrent.CompletableFuture;

/**
 * What can be asked of one shard, wherever it is. No request waits: each answers through its
 * future.
 *
 * <p><b>How a future ends.</b> With the answer; or exceptionally with a {@link RefusedException},
 * when the shard was reached and said no (nothing was changed then); or with a {@link
 * LinkLostException}, when no answer will come: the connection is gone, the link was closed, or the
 * peer has been silent for too long. After a lost link the request may or may not have been done,
 * so whoever asks repeats it: every request is safe to repeat, on the same shard or on its replica.
 * A lost link is not closed: the next request connects anew, and ends as lost at once where nobody
 * listens. Never another exception. Futures may be completed in any thread, also before the method
 * returns; a stage that depends on one must not block.
 *
 * <p><b>Who may keep which array.</b> A gradient belongs to the shard until its future ends: it is
 * read where it lies and never written. Values are written by the shard's side before the future
 * ends, and may be read by the caller only after it has ended with an answer; when it ends
 * otherwise they are unspecified. Whoever gives a request up cancels its future, and no values are
 * written from then on. Slices are as long as the shard's range; values may also be {@link
 * FloatSlice#NONE}, which says that no values are wanted.
 *
 * <p><b>A step</b> without clipping by norm is one {@link #pushPull}. With clipping it is two
 * messages: the push is answered with {@link Stepped#awaitsCommit}, without values but with the
 * sums of squares of the shard's blocks; the worker puts the sums of all shards together, and
 * {@link #commit} brings them the norm and brings back the values. The same code serves both: look
 * at {@code awaitsCommit}.
 *
 * <p>A push that must wait for other workers is answered when the wait is over, which may be long.
 * That is no silence: a link that is alive answers {@link #clock} meanwhile.
 */
public interface ShardLink extends AutoCloseable {
  /**
   * Makes the caller one of the workers that rounds wait for; again, after a lost link or with a
   * new shard behind it, it renews the place.
   *
   * <p>Refused: {@link Refusal#WRONG_LAYOUT}, {@link Refusal#ALREADY_JOINED}, {@link
   * Refusal#NOT_PRIMARY}, {@link Refusal#FENCED}.
   */
  CompletableFuture<Joined> join(Join join);

  /**
   * Takes the caller off the workers that rounds wait for, with what it has pushed unapplied.
   *
   * @param trouble why it cannot stay, for the others; empty where it has nothing more to do
   */
  CompletableFuture<Void> leave(Caller caller, String trouble);

  /**
   * Hands in a gradient without wanting values.
   *
   * <p>Refused: as all requests of a worker, {@link Refusal#NOT_JOINED}, {@link
   * Refusal#WRONG_EPOCH}, {@link Refusal#NOT_PRIMARY} and {@link Refusal#FENCED}; moreover {@link
   * Refusal#WRONG_LENGTH}, {@link Refusal#NOT_FINITE} and {@link Refusal#OUT_OF_RANGE}.
   */
  default CompletableFuture<Stepped> push(Push push, FloatSlice gradient) {
    return pushPull(push, gradient, FloatSlice.NONE);
  }

  /**
   * Hands in a gradient and brings back the values after the step.
   *
   * @param values receives the newest values if the answer is not {@link Stepped#awaitsCommit}
   */
  CompletableFuture<Stepped> pushPull(Push push, FloatSlice gradient, FloatSlice values);

  /**
   * Tells the global norm that a pushed gradient's step waits for, and brings back the values after
   * the step. The first commit of a round takes the step; the others of the same round only read.
   *
   * <p>Refused moreover: {@link Refusal#NOT_PUSHED} when the push that it belongs to is not here
   * (it went down with the former primary): push again.
   */
  CompletableFuture<Stepped> commit(Commit commit, FloatSlice values);

  /**
   * Brings the newest values.
   *
   * @param values receives them if the answer is {@link Pulled#changed}
   */
  CompletableFuture<Pulled> pull(Pull pull, FloatSlice values);

  /** Says that the caller is alive, and asks what the shard has of its pushes. */
  CompletableFuture<Clocks> clock(Caller caller);

  /**
   * The slice with all that a checkpoint needs.
   *
   * @param version that it waits for, unless it is there or beyond; no longer than a second in
   *     which no step is taken
   */
  CompletableFuture<ShardState> snapshot(Caller caller, long version);

  /**
   * Goes on from a saved slice. Raises the epoch, so that every worker notices.
   *
   * <p>Refused moreover: {@link Refusal#WRONG_STATE}.
   */
  CompletableFuture<Restored> restore(Restore restore);

  /** How the shard fares; answered by primaries, replicas and fenced shards alike. */
  CompletableFuture<ShardStatus> status();

  /** Changes what rounds wait for, from the next push on. */
  CompletableFuture<Void> setConsistency(Caller caller, Consistency consistency);

  /**
   * Hands a primary's entry to its replica. The next entry is sent when this one is answered.
   *
   * @return the sequence number that the replica has reached
   */
  CompletableFuture<Long> replicate(Entry entry);

  /**
   * Makes a replica the primary of a new epoch; a primary of a later epoch than the one that is to
   * end only answers.
   *
   * <p>Refused: {@link Refusal#NOT_ARBITER}, {@link Refusal#WRONG_EPOCH}, {@link Refusal#BEHIND}
   * and {@link Refusal#FENCED}.
   */
  CompletableFuture<Promoted> promote(Promote promote);

  /**
   * Lets a primary go on without its replica, which begins a new epoch. One that has none, or that
   * hears from it, only answers: the epoch then tells that nothing has changed.
   *
   * <p>Refused: {@link Refusal#NOT_ARBITER}, {@link Refusal#WRONG_EPOCH}, {@link
   * Refusal#NOT_PRIMARY} and {@link Refusal#FENCED}.
   */
  CompletableFuture<Promoted> release(Release release);

  /** Ends the link, not the shard: what is unanswered ends with a {@link LinkLostException}. */
  @Override
  void close();
}
