package org.mobula.parameterserver.shard;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.mobula.core.experience.RunningStatistics;
import org.mobula.core.optimizer.BlockNorm;
import org.mobula.core.optimizer.GradientClipping;
import org.mobula.core.optimizer.Optimizer;
import org.mobula.core.parameters.Gathered;
import org.mobula.parameterserver.shard.Consistency.Synchronous;
import org.mobula.parameterserver.shard.SliceNumbers.Vector;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The way from pushes to steps: a push enters a round, the open one or one of its own; a round that
 * is complete is closed, which takes its mean; where gradients are clipped it then waits for the
 * norm; and one after the other the rounds that are ready take their step.
 */
final class Rounds {
  private static final Logger LOG = LoggerFactory.getLogger(Rounds.class);

  private final Standing standing;
  private final Workers workers;
  private final SliceNumbers numbers;
  private final Measurements measurements;
  private final Answers answers;
  private final Replication replication;
  private final LongSupplier nanoClock;

  /** Rounds that wait for the entry before them to be acknowledged. */
  private final Deque<Round> ready = new ArrayDeque<>();

  /** Where pushes of rounds gather, until it is closed. */
  private Round open = new Round();

  /** The round whose mean is taken but whose step is not. */
  private @Nullable Round closing;

  Rounds(
      Standing standing,
      Workers workers,
      SliceNumbers numbers,
      Measurements measurements,
      Answers answers,
      Replication replication,
      LongSupplier nanoClock) {
    this.standing = standing;
    this.workers = workers;
    this.numbers = numbers;
    this.measurements = measurements;
    this.answers = answers;
    this.replication = replication;
    this.nanoClock = nanoClock;
  }

  /**
   * A worker's push.
   *
   * @param length of its gradient
   * @param gradient takes it, if it is to enter a round
   */
  void push(Push push, int length, Supplier<Vector> gradient, Turn.Waiter waiter) {
    Worker worker = workers.checkPresent(push.caller());
    standing.checkLength(length);
    if (!(push.learningRate() >= 0 && push.learningRate() < Double.POSITIVE_INFINITY)
        || push.clock() < 1
        || push.baseVersion() < 0) {
      throw standing.refusal(
          Refusal.OUT_OF_RANGE,
          "learning rate is %s, clock %s and base version %s but must be ≥ 0 and finite, ≥ 1 and ≥ 0"
              .formatted(push.learningRate(), push.clock(), push.baseVersion()));
    }
    standing.checkNetwork(push.network());
    checkGathered(push.gathered());
    if (push.clock() <= worker.done) {
      measurements.duplicates++;
      answers.holdStepped(
          worker, worker.lastWasLate, worker.lastSums, push.gathered() != null, waiter);
      return;
    }
    Turn turn = worker.turn;
    if (turn != null && push.clock() < turn.push.clock()) {
      throw standing.refusal(
          Refusal.OUT_OF_RANGE,
          "clock is %s but worker %s has pushed with clock %s since"
              .formatted(push.clock(), worker.number, turn.push.clock()));
    } else if (turn != null && push.clock() == turn.push.clock()) {
      measurements.duplicates++;
      if (turn.round.stage == Round.Stage.AWAITS_COMMIT) {
        answerAwaitsCommit(turn, waiter);
      } else {
        turn.waiters.removeIf(each -> each.future().isDone());
        turn.waiters.add(waiter);
      }
      return;
    }
    abandonTurn(worker, "worker " + worker.number + " has pushed again with a higher clock");
    if (standing.consistency instanceof Synchronous) {
      pushToRound(worker, push, gradient, waiter);
    } else {
      Round own = new Round();
      take(new Turn(worker, push, own, gradient.get()), waiter);
      close(own);
    }
  }

  /** What is added must be of the same features. */
  private void checkGathered(@Nullable Gathered part) {
    RunningStatistics given = part == null ? null : part.observations();
    RunningStatistics present = standing.gathered.observations();
    if (given != null && present != null && given.size() != present.size()) {
      throw standing.refusal(
          Refusal.WRONG_STATE,
          "the statistics are of %s features but those of the other workers of %s: start all with the same environment"
              .formatted(given.size(), present.size()));
    }
  }

  private void pushToRound(
      Worker worker, Push push, Supplier<Vector> gradient, Turn.Waiter waiter) {
    Round closed = push.baseVersion() > standing.version ? null : closing;
    // Who has missed rounds is not at the network that the others are at.
    boolean elsewhere = closed == null && !open.turns.isEmpty() && open.network() != push.network();
    if (push.baseVersion() < standing.version || elsewhere) {
      worker.done = push.clock();
      worker.lastWasLate = true;
      worker.lastSums = standing.lastSums;
      worker.progress++;
      measurements.lateGradients++;
      answers.holdStepped(worker, true, standing.lastSums, push.gathered() != null, waiter);
    } else if (closed == null) {
      take(new Turn(worker, push, open, gradient.get()), waiter);
      closeIfComplete();
    } else {
      Turn turn = new Turn(worker, push, closed, Vector.NONE);
      worker.turn = turn;
      closed.late.add(turn);
      measurements.lateGradients++;
      if (closed.stage == Round.Stage.AWAITS_COMMIT) {
        answerAwaitsCommit(turn, waiter);
      } else {
        turn.waiters.add(waiter);
      }
    }
  }

  private static void take(Turn turn, Turn.Waiter waiter) {
    turn.waiters.add(waiter);
    turn.worker.turn = turn;
    turn.round.turns.put(turn.worker.number, turn);
  }

  /** Answers with the sums, when the replica has confirmed what they are taken from. */
  private void answerAwaitsCommit(Turn turn, Turn.Waiter waiter) {
    answers.hold(
        standing.coveringSequence(),
        waiter.future(),
        () -> {
          boolean late = turn.round.turns.get(turn.worker.number) != turn;
          waiter.future().complete(new Stepped(standing.version, true, late, turn.round.sums));
        });
  }

  /**
   * Takes the mean of a round if all that it waits for are there.
   *
   * <p>A worker names the same round to all shards: the version of the newest. A shard that is
   * behind, because the others have gone on with the first of a round, keeps what is meant for
   * later; else two workers could wait for each other at two shards for ever. Once all workers wait
   * there is nobody to keep it for.
   */
  void closeIfComplete() {
    if (!(standing.consistency instanceof Synchronous synchronous)
        || closing != null
        || open.turns.isEmpty()) {
      return;
    }
    boolean all =
        workers.all().stream()
            .allMatch(worker -> !worker.present || open.turns.containsKey(worker.number));
    if (all) {
      closeOpen();
      return;
    }
    long named = open.turns.values().stream().mapToLong(Turn::named).min().orElseThrow();
    List<Turn> first = open.turns.values().stream().filter(turn -> turn.named() == named).toList();
    if (synchronous.first() > 0 && first.size() >= synchronous.first()) {
      Round rest = new Round();
      for (Turn turn : List.copyOf(open.turns.values())) {
        if (turn.named() != named) {
          open.turns.remove(turn.worker.number);
          turn.round = rest;
          rest.turns.put(turn.worker.number, turn);
        }
      }
      closeOpen();
      open = rest;
    }
  }

  private void closeOpen() {
    Round round = open;
    if (close(round)) {
      open = new Round();
      closing = round;
    } else {
      closeIfComplete();
    }
  }

  /**
   * Takes the mean.
   *
   * @return false if a gradient was not finite; it is no longer in the round, and the others are
   */
  private boolean close(Round round) {
    long start = nanoClock.getAsLong();
    double[] sums = new double[BlockNorm.blocks(standing.setup.size())];
    List<Vector> gradients = round.turns.values().stream().map(turn -> turn.gradient).toList();
    Vector mean = numbers.mean(gradients, sums);
    if (mean == null) {
      refuseNotFinite(round);
      return false;
    }
    round.mean = mean;
    round.sums = sums;
    round.turns.values().forEach(Turn::letGo);
    if (standing.setup.maxGradientNorm() > 0) {
      round.stage = Round.Stage.AWAITS_COMMIT;
      // A shard that is fenced and does not know it must not answer with sums of its own: other
      // shards would clip by a norm that holds them.
      standing.entryDue |= replication.hasReplica();
      for (Turn turn : round.turns.values()) {
        turn.waiters.forEach(waiter -> answerAwaitsCommit(turn, waiter));
        turn.waiters.clear();
      }
    } else {
      round.stage = Round.Stage.READY;
      ready.add(round);
    }
    measurements.applyNanos += nanoClock.getAsLong() - start;
    return true;
  }

  private void refuseNotFinite(Round round) {
    for (Turn turn : List.copyOf(round.turns.values())) {
      if (!numbers.isFinite(turn.gradient)) {
        drop(
            turn,
            standing.refusal(
                Refusal.NOT_FINITE,
                "the gradient of worker %s holds NaN or infinity between %s and %s"
                    .formatted(turn.worker.number, standing.setup.from(), standing.setup.to())));
      }
    }
  }

  /** Takes a push out of its round as if it had never come. */
  private void drop(Turn turn, RuntimeException why) {
    turn.round.turns.remove(turn.worker.number, turn);
    turn.round.late.remove(turn);
    if (turn.worker.turn == turn) {
      turn.worker.turn = null;
    }
    turn.letGo();
    closeIfForgotten(turn.round);
    turn.waiters.forEach(waiter -> answers.fail(waiter.future(), why));
    turn.waiters.clear();
  }

  /** A mean that nobody can commit any more. */
  private void closeIfForgotten(Round round) {
    if (round.stage == Round.Stage.AWAITS_COMMIT
        && round != closing
        && Stream.concat(round.turns.values().stream(), round.late.stream())
            .noneMatch(turn -> turn.worker.turn == turn)) {
      round.mean.close();
    }
  }

  /** A worker's push that it will not ask for again. What is already in a mean stays in it. */
  void abandonTurn(Worker worker, String why) {
    Turn turn = worker.turn;
    if (turn == null) {
      return;
    }
    RefusedException refusal = standing.refusal(Refusal.NOT_JOINED, why);
    if (turn.round.stage == Round.Stage.OPEN) {
      drop(turn, refusal);
    } else {
      turn.waiters.forEach(waiter -> answers.fail(waiter.future(), refusal));
      turn.waiters.clear();
      worker.turn = null;
      closeIfForgotten(turn.round);
    }
  }

  void commit(Commit commit, Turn.Waiter waiter) {
    Worker worker = workers.checkPresent(commit.caller());
    if (!(commit.norm() >= 0 && commit.norm() < Double.POSITIVE_INFINITY)) {
      throw standing.refusal(
          Refusal.NOT_FINITE, "the norm is " + commit.norm() + " but must be ≥ 0 and finite");
    }
    if (commit.clock() <= worker.done) {
      // Whether the push brought a part is not known any more, where a replica has taken over.
      answers.holdStepped(worker, worker.lastWasLate, worker.lastSums, true, waiter);
      return;
    }
    Turn turn = worker.turn;
    if (turn == null
        || turn.push.clock() != commit.clock()
        || turn.round.stage == Round.Stage.OPEN) {
      throw standing.refusal(
          Refusal.NOT_PUSHED,
          "worker %s commits its push %s, whose round has not closed here: push again"
              .formatted(worker.number, commit.clock()));
    }
    turn.waiters.add(waiter);
    if (turn.round.stage == Round.Stage.AWAITS_COMMIT) {
      turn.round.clipCoefficient =
          GradientClipping.coefficient(commit.norm(), standing.setup.maxGradientNorm());
      turn.round.stage = Round.Stage.READY;
      ready.add(turn.round);
    }
  }

  /**
   * Takes the step of the next round.
   *
   * @return false if none is ready
   */
  boolean applyNext() {
    Round round = ready.poll();
    if (round != null) {
      apply(round);
    }
    return round != null;
  }

  /** One optimizer step with the round's mean. */
  private void apply(Round round) {
    long start = nanoClock.getAsLong();
    double learningRate = round.turns.values().iterator().next().push.learningRate();
    long before = standing.version++;
    boolean gathers = false;
    standing.used = true;
    for (Turn turn : round.turns.values()) {
      measurements.applied(before - turn.push.baseVersion());
      Gathered part = turn.push.gathered();
      if (part != null) {
        standing.gathered = standing.gathered.plus(part);
        gathers = true;
      }
      finish(turn, false);
    }
    round.late.forEach(turn -> finish(turn, true));
    standing.lastSums = round.sums;
    if (round == closing) {
      closing = null;
    }
    // The replica is told first, so that both take the step at the same time.
    replication.advanceStep(round, learningRate, gathers ? standing.gathered : null);
    answers.finishReading();
    // Who is answered at once may read what is still in the cache.
    boolean answersFollow =
        standing.consistency instanceof Synchronous && !replication.isUnderWay();
    numbers.step(
        round.mean,
        round.network(),
        learningRate,
        round.clipCoefficient,
        answersFollow ? (from, to) -> readStretch(round, from, to) : Optimizer.Stretches.UNHEARD);
    round.mean.close();
    measurements.applyNanos += nanoClock.getAsLong() - start;
    for (Turn turn : round.turns.values()) {
      boolean hears = turn.push.gathered() != null;
      turn.waiters.forEach(
          waiter -> answers.holdStepped(turn.worker, false, round.sums, hears, waiter));
    }
    for (Turn turn : round.late) {
      boolean hears = turn.push.gathered() != null;
      turn.waiters.forEach(
          waiter -> answers.holdStepped(turn.worker, true, round.sums, hears, waiter));
    }
    closeIfComplete();
  }

  private void readStretch(Round round, int from, int to) {
    for (Turn turn : round.turns.values()) {
      for (Turn.Waiter waiter : turn.waiters) {
        if (!waiter.future().isDone()) { // As in Answers.
          waiter.values().readStretch(numbers.values(), from, to, standing.version);
        }
      }
    }
  }

  private static void finish(Turn turn, boolean late) {
    Worker worker = turn.worker;
    worker.progress++;
    if (turn.push.clock() > worker.done && turn.push.caller().session() == worker.session) {
      worker.done = turn.push.clock();
      worker.lastWasLate = late;
      worker.lastSums = turn.round.sums;
      if (!late) {
        worker.applied = turn.push.clock();
      }
    }
    if (worker.turn == turn) {
      worker.turn = null;
    }
  }

  /** The former rule's open round is closed with what it has. */
  void startAnew() {
    if (!(standing.consistency instanceof Synchronous)) {
      Round last = open;
      open = new Round();
      // It goes on by itself; the pushes that follow are rounds of their own.
      Round former = closing;
      closing = null;
      if (former != null) {
        closeIfForgotten(former);
      }
      while (!last.turns.isEmpty() && !close(last)) {
        LOG.warn("A gradient that is not finite was refused at the change of consistency.");
      }
    }
    closeIfComplete();
  }

  /** Nothing that was pushed and not applied will be. */
  void dropAllTurns(RuntimeException why) {
    ready.forEach(round -> round.mean.close());
    ready.clear();
    open = new Round();
    if (closing != null) {
      closing.mean.close();
      closing = null;
    }
    for (Worker worker : workers.all()) {
      if (worker.turn != null) {
        drop(worker.turn, why);
      }
    }
  }
}
