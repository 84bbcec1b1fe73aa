package org.mobula.core.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Queue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.mobula.core.network.Activation;
import org.mobula.core.network.Initialization;
import org.mobula.core.network.MlpSpec;
import org.mobula.core.parameters.ParameterSnapshot;
import org.mobula.core.space.Box;
import org.mobula.core.space.Discrete;

@Timeout(300)
class ReloadablePolicyTest {
  private static final float[] OBSERVATION = {0};

  private final Path run;

  ReloadablePolicyTest(@TempDir Path run) {
    this.run = run;
  }

  /** A checkpoint whose policy always takes one action. */
  private Path save(long step, int choices, int action, float scale) throws IOException {
    Path checkpoint =
        run.resolve("checkpoints").resolve(String.format(Locale.ROOT, "step-%012d", step));
    Path written = checkpoint.resolveSibling(".part");
    Files.createDirectories(written);
    MlpSpec network =
        new MlpSpec(
            1,
            List.of(),
            List.of(new MlpSpec.Head("out", List.of(), choices, 1)),
            Activation.TANH,
            Initialization.orthogonal());
    float[] parameters = new float[network.layout().size()];
    network.layout().entries().stream()
        .filter(entry -> entry.name().endsWith("bias"))
        .forEach(entry -> parameters[entry.offset() + action] = scale);
    PolicyFile.write(
        written.resolve(Policy.FILE_NAME),
        new PolicySpec(Box.unbounded(1), new Discrete(choices), network),
        new PolicySnapshot(new ParameterSnapshot(step, parameters), null));
    Files.move(written, checkpoint, StandardCopyOption.ATOMIC_MOVE); // as training does
    return checkpoint.resolve(Policy.FILE_NAME);
  }

  @BeforeEach
  void save() throws IOException {
    save(100, 3, 1, 1);
  }

  @Test
  void actsWithTheNewest() throws IOException {
    ReloadablePolicy policy = ReloadablePolicy.load(run);
    try (policy) {
      assertThat(policy.act(OBSERVATION)).containsExactly(1);
      assertThat(policy.reload()).isFalse();
      Path newer = save(200, 3, 2, 1);
      assertThat(policy.act(OBSERVATION)).containsExactly(1);
      assertThat(policy.reload()).isTrue();
      assertThat(policy.file()).isEqualTo(newer);
      assertThat(policy.act(OBSERVATION, new boolean[] {true, true, true})).containsExactly(2);
      assertThat(policy.evaluate(OBSERVATION, null, null).action()).containsExactly(2);
      assertThat(policy.evaluate(new float[2][1], null, null)).hasSize(2);
    }
    policy.close();
    assertThatIllegalStateException()
        .isThrownBy(() -> policy.act(OBSERVATION))
        .withMessage("the policy is closed; load it again to act with it");
    assertThatIllegalStateException().isThrownBy(policy::reload);
  }

  @Test
  void keepsTheOldOneWhereTheNewestIsBroken() throws IOException {
    try (ReloadablePolicy policy = ReloadablePolicy.load(run)) {
      Path cut = save(200, 3, 2, 1);
      byte[] whole = Files.readAllBytes(cut);
      Files.write(cut, Arrays.copyOf(whole, whole.length / 2));
      for (int i = 0; i < 2; i++) {
        assertThatIOException()
            .isThrownBy(policy::reload)
            .withMessageStartingWith(cut.toString())
            .withMessageEndingWith("step-000000000100/policy.safetensors acts");
      }
      Path diverged = save(300, 3, 2, Float.NaN);
      assertThatIOException()
          .isThrownBy(policy::reload)
          .withMessageStartingWith(
              diverged + ": the parameter out.0.bias is NaN at number 2, so learning had diverged");
      Path other = save(400, 2, 0, 1);
      assertThatIOException()
          .isThrownBy(policy::reload)
          .withMessageStartingWith(other + " observes ")
          .withMessageContaining("Discrete(2), but the policy that it is to replace");
      assertThat(policy.act(OBSERVATION)).containsExactly(1);
      save(500, 3, 0, 1);
      assertThat(policy.reload()).isTrue();
      assertThat(policy.act(OBSERVATION)).containsExactly(0);
      Files.write(save(600, 3, 2, 1), new byte[3]);
      save(550, 3, 2, 1); // the newest good one, though not the newest
      assertThatIOException().isThrownBy(policy::reload);
      assertThat(policy.act(OBSERVATION)).containsExactly(2);
    }
  }

  @Test
  void beginsWithTheNewestGoodOne() throws IOException {
    Path broken = save(200, 3, 2, 1);
    Files.write(broken, new byte[3]);
    try (ReloadablePolicy policy = ReloadablePolicy.load(run)) {
      assertThat(policy.act(OBSERVATION)).containsExactly(1);
    }
    Files.delete(run.resolve("checkpoints/step-000000000100/policy.safetensors"));
    assertThatIOException()
        .isThrownBy(() -> ReloadablePolicy.load(run))
        .withMessageContaining(broken.toString());
    assertThatIOException()
        .isThrownBy(() -> ReloadablePolicy.load(run.resolve("none")))
        .withMessageContaining("does not exist");
  }

  @Test
  void isExchangedWhileOthersAct() throws Exception {
    ReloadablePolicy policy = ReloadablePolicy.load(run);
    Queue<Throwable> failures = new ConcurrentLinkedQueue<>();
    Semaphore acts = new Semaphore(0);
    AtomicBoolean stop = new AtomicBoolean();
    List<Thread> actors = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      actors.add(
          new Thread(
              () -> {
                while (!stop.get()) {
                  try {
                    policy.act(OBSERVATION);
                    acts.release();
                  } catch (RuntimeException | Error e) {
                    failures.add(e);
                    acts.release(1 << 20); // nobody is to wait for more
                    return;
                  }
                }
              }));
    }
    actors.forEach(Thread::start);
    for (int step = 200; step < 220; step++) {
      save(step, 3, step % 3, 1);
      assertThat(policy.reload()).isTrue();
      acts.drainPermits();
      acts.acquire(4);
    }
    stop.set(true);
    for (Thread actor : actors) {
      actor.join();
    }
    policy.close();
    assertThat(failures).isEmpty();
  }

  @Test
  void pollsUntilItIsClosed() throws Exception {
    ScheduledExecutorService executor = Executors.newSingleThreadScheduledExecutor();
    BlockingQueue<String> reports = new LinkedBlockingQueue<>();
    ReloadablePolicy policy = ReloadablePolicy.load(run);
    try {
      ScheduledFuture<?> polling =
          policy.poll(
              executor,
              Duration.ofMillis(1),
              broken -> {
                reports.add(String.valueOf(broken.getMessage()));
                throw new IllegalStateException("polling outlives this");
              });
      Path broken = save(200, 3, 2, Float.NaN);
      assertThat(reports.take()).startsWith(broken.toString());
      save(300, 3, 2, 1);
      while (policy.act(OBSERVATION)[0] != 2) {
        Thread.onSpinWait();
      }
      assertThat(reports).isEmpty(); // once is enough
      policy.close();
      while (!polling.isDone()) {
        Thread.onSpinWait();
      }
    } finally {
      policy.close();
      executor.shutdownNow();
    }
  }
}
