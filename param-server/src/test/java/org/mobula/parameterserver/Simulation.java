package org.mobula.parameterserver;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
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
import org.mobula.parameterserver.shard.Restore;
import org.mobula.parameterserver.shard.Restored;
import org.mobula.parameterserver.shard.Shard;
import org.mobula.parameterserver.shard.ShardLink;
import org.mobula.parameterserver.shard.ShardState;
import org.mobula.parameterserver.shard.ShardStatus;
import org.mobula.parameterserver.shard.SliceReader;
import org.mobula.parameterserver.shard.Stepped;

/**
 * A network and a clock in one thread: messages lie about until chance delivers, repeats or loses
 * them, in any order. The same seed is the same schedule.
 */
@SuppressWarnings("FutureReturnValueIgnored") // Each stage deals with its errors itself.
final class Simulation {
  private static final long TICK_NANOS = 50_000_000;

  private final SplittableRandom random;
  private final List<Message> messages = new ArrayList<>();
  private final List<Node> nodes = new ArrayList<>();
  private final List<WorkerSession> sessions = new ArrayList<>();
  private double loss;
  private double duplication;
  private long now = 1;

  /** A process with one shard. */
  static final class Node {
    final Shard shard;
    private boolean dead;
    private boolean asleep;

    private Node(Shard shard) {
      this.shard = shard;
    }

    boolean isDead() {
      return dead;
    }

    /** As {@code kill -9}: what was on its way to it, or from it, may still be. */
    void kill() {
      dead = true;
    }

    /** As {@code SIGSTOP}. */
    void sleep() {
      asleep = true;
    }

    void wake() {
      asleep = false;
    }
  }

  /** On its way to a node, or back from one to somebody who always listens. */
  private record Message(@Nullable Node to, Runnable arrive, Runnable fail) {}

  Simulation(long seed, double loss, double duplication) {
    random = new SplittableRandom(seed);
    this.loss = loss;
    this.duplication = duplication;
  }

  long now() {
    return now;
  }

  SplittableRandom random() {
    return random;
  }

  Node host(Shard shard) {
    Node node = new Node(shard);
    nodes.add(node);
    return node;
  }

  ShardLink link(Node node) {
    return new Link(node);
  }

  void tickWith(WorkerSession session) {
    sessions.add(session);
  }

  /** The process of this worker is gone. */
  void forget(WorkerSession session) {
    sessions.remove(session);
  }

  /** From now on every message arrives, once. */
  void calm() {
    loss = 0;
    duplication = 0;
  }

  /** Lets one thing happen. */
  void step() {
    List<Message> due = new ArrayList<>();
    for (Message message : messages) {
      if (message.to == null || !message.to.asleep) {
        due.add(message);
      }
    }
    if (due.isEmpty() || random.nextInt(20) == 0) {
      now += TICK_NANOS;
      sessions.forEach(WorkerSession::tick);
      for (Node node : nodes) {
        if (!node.dead && !node.asleep) {
          node.shard.expire();
        }
      }
      return;
    }
    Message message = due.get(random.nextInt(due.size()));
    double chance = random.nextDouble();
    if (chance < duplication) {
      message.arrive.run();
      return;
    }
    messages.remove(message);
    if (chance < duplication + loss) {
      if (random.nextBoolean()) {
        message.fail.run(); // The connection breaks; else it just never arrives.
      }
    } else {
      message.arrive.run();
    }
  }

  private final class Link implements ShardLink {
    private final Node node;

    Link(Node node) {
      this.node = node;
    }

    private <T> CompletableFuture<T> ask(
        FloatSlice wanted, Function<SliceReader, CompletableFuture<T>> request) {
      CompletableFuture<T> future = new CompletableFuture<>();
      Runnable fail = () -> future.completeExceptionally(new LinkLostException("broken", null));
      Runnable arrive =
          () -> {
            if (node.dead) {
              messages.add(new Message(null, fail, fail));
              return;
            }
            float[] sent = new float[wanted.length()];
            boolean[] written = {false};
            SliceReader reader =
                wanted.length() == 0
                    ? SliceReader.NONE
                    : (values, offset, length, version) -> {
                      System.arraycopy(values, offset, sent, 0, length);
                      written[0] = true;
                    };
            request
                .apply(reader)
                .whenComplete(
                    (answer, error) -> {
                      if (node.dead) {
                        return;
                      }
                      Runnable back =
                          () -> {
                            if (future.isDone()) {
                              return;
                            } else if (error != null) {
                              future.completeExceptionally(error);
                              return;
                            }
                            if (written[0]) {
                              System.arraycopy(
                                  sent, 0, wanted.array(), wanted.offset(), sent.length);
                            }
                            future.complete(answer);
                          };
                      messages.add(new Message(null, back, fail));
                    });
          };
      messages.add(new Message(node, arrive, fail));
      return future;
    }

    private <T> CompletableFuture<T> ask(Function<Shard, CompletableFuture<T>> request) {
      return ask(FloatSlice.NONE, values -> request.apply(node.shard));
    }

    private static FloatSlice copy(FloatSlice slice) {
      float[] copy = new float[slice.length()];
      System.arraycopy(slice.array(), slice.offset(), copy, 0, copy.length);
      return FloatSlice.of(copy);
    }

    @Override
    public CompletableFuture<Joined> join(Join join) {
      return ask(shard -> shard.join(join));
    }

    @Override
    public CompletableFuture<Void> leave(Caller caller) {
      return ask(shard -> shard.leave(caller));
    }

    @Override
    public CompletableFuture<Stepped> pushPull(Push push, FloatSlice gradient, FloatSlice values) {
      FloatSlice sent = copy(gradient);
      return ask(values, reader -> node.shard.pushPull(push, sent, reader));
    }

    @Override
    public CompletableFuture<Stepped> commit(Commit commit, FloatSlice values) {
      return ask(values, reader -> node.shard.commit(commit, reader));
    }

    @Override
    public CompletableFuture<Pulled> pull(Pull pull, FloatSlice values) {
      return ask(values, reader -> node.shard.pull(pull, reader));
    }

    @Override
    public CompletableFuture<Clocks> clock(Caller caller) {
      return ask(shard -> shard.clock(caller));
    }

    @Override
    public CompletableFuture<ShardState> snapshot(Caller caller) {
      return ask(shard -> shard.snapshot(caller));
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
      Entry sent =
          entry.change() instanceof Entry.Step step
              ? new Entry(
                  entry.epoch(),
                  entry.sequence(),
                  entry.version(),
                  entry.consistency(),
                  entry.lineage(),
                  entry.members(),
                  new Entry.Step(
                      copy(step.gradient()),
                      step.learningRate(),
                      step.clipCoefficient(),
                      step.blockSums()))
              : entry;
      return ask(shard -> shard.replicate(sent));
    }

    @Override
    public CompletableFuture<Promoted> promote(Promote promote) {
      return ask(shard -> shard.promote(promote));
    }

    @Override
    public void close() {}
  }
}
