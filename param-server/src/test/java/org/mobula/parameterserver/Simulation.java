package org.mobula.parameterserver;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
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

  /** Who cannot reach whom: those on other islands. */
  private final IdentityHashMap<Object, Integer> islands = new IdentityHashMap<>();

  /** A process with one shard. */
  static final class Node {
    Shard shard;
    private boolean dead;
    private boolean asleep;

    /** Processes that were started at this place before. */
    private int restarts;

    private Node(Shard shard) {
      this.shard = shard;
    }

    /** Another process, with another shard. */
    void restart(Shard fresh) {
      shard = fresh;
      dead = false;
      asleep = false;
      restarts++;
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

  /** Who answers pushes in an epoch. */
  record Served(int shard, long epoch) {}

  /** Who has answered pushes in each epoch: a node's process. */
  private final Map<Served, String> primaries = new HashMap<>();

  private final List<String> splits = new ArrayList<>();

  /** On its way to a node, or back from one. */
  private static final class Message {
    final Object from;
    final Object to;
    final Runnable arrive;
    final Runnable fail;

    /** It waits in a queue somewhere until its way is free again. */
    boolean held;

    Message(Object from, Object to, Runnable arrive, Runnable fail) {
      this.from = from;
      this.to = to;
      this.arrive = arrive;
      this.fail = fail;
    }

    boolean isAsleep() {
      return to instanceof Node node && node.asleep;
    }
  }

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

  /**
   * A link.
   *
   * @param from whose it is
   */
  ShardLink link(Object from, Node node) {
    return new Link(from, node);
  }

  /** From now on only those on the same island reach each other; all begin on island 0. */
  void move(Object who, int island) {
    islands.put(who, island);
  }

  /** Everybody reaches everybody. */
  void heal() {
    islands.clear();
  }

  private boolean isCut(Message message) {
    return !islands.getOrDefault(message.from, 0).equals(islands.getOrDefault(message.to, 0));
  }

  /** A push was answered; there must be one primary in each epoch of a shard. */
  private void served(Node node, int shard, long epoch) {
    String name = "node " + nodes.indexOf(node) + ", process " + node.restarts;
    String before = primaries.putIfAbsent(new Served(shard, epoch), name);
    if (before != null && !before.equals(name)) {
      splits.add("shard at %s: epoch %s of %s and of %s".formatted(shard, epoch, before, name));
    }
  }

  /** Epochs in which more than one process has answered pushes. */
  List<String> splits() {
    return splits;
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
      message.held &= isCut(message);
      if (!message.isAsleep() && !message.held) {
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
    if (isCut(message)) {
      switch (random.nextInt(4)) {
        case 0 -> message.held = true;
        case 1 -> {
          messages.remove(message);
          message.fail.run();
        }
        default -> messages.remove(message);
      }
      return;
    }
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
    private final Object from;
    private final Node node;

    Link(Object from, Node node) {
      this.from = from;
      this.node = node;
    }

    private <T> CompletableFuture<T> ask(
        FloatSlice wanted, Function<SliceReader, CompletableFuture<T>> request) {
      CompletableFuture<T> future = new CompletableFuture<>();
      int restarts = node.restarts;
      // Nothing was sent where nobody listened.
      boolean reached = !node.dead;
      Runnable fail =
          () -> future.completeExceptionally(new LinkLostException("broken", null, reached));
      Runnable arrive =
          () -> {
            if (node.dead || node.restarts != restarts) {
              messages.add(new Message(node, from, fail, fail));
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
                      if (node.dead || node.restarts != restarts) {
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
                      messages.add(new Message(node, from, back, fail));
                    });
          };
      messages.add(new Message(from, node, arrive, fail));
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
    public CompletableFuture<Void> leave(Caller caller, String trouble) {
      return ask(shard -> shard.leave(caller, trouble));
    }

    @Override
    public CompletableFuture<Stepped> pushPull(Push push, FloatSlice gradient, FloatSlice values) {
      FloatSlice sent = copy(gradient);
      return ask(
          values,
          reader ->
              node.shard
                  .pushPull(push, sent, reader)
                  .thenApply(
                      stepped -> {
                        served(node, node.shard.setup().from(), push.caller().epoch());
                        return stepped;
                      }));
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
      Entry sent =
          entry.change() instanceof Entry.Step step
              ? new Entry(
                  entry.sender(),
                  entry.epoch(),
                  entry.sequence(),
                  entry.version(),
                  entry.consistency(),
                  entry.lineage(),
                  entry.members(),
                  new Entry.Step(
                      copy(step.gradient()),
                      step.learningRate(),
                      step.network(),
                      step.clipCoefficient(),
                      step.blockSums(),
                      step.gathered()))
              : entry;
      return ask(shard -> shard.replicate(sent));
    }

    @Override
    public CompletableFuture<Promoted> promote(Promote promote) {
      return ask(shard -> shard.promote(promote));
    }

    @Override
    public CompletableFuture<Promoted> release(Release release) {
      return ask(shard -> shard.release(release));
    }

    @Override
    public void close() {}
  }
}
