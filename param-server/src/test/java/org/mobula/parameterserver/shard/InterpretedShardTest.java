package org.mobula.parameterserver.shard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;
import org.mobula.core.optimizer.OptimizerConfig.Adam;
import org.mobula.core.optimizer.OptimizerConfig.Sgd;
import org.mobula.parameterserver.gpu.InterpretedDevice;
import org.mobula.parameterserver.gpu.ShardArithmetic;
import org.mobula.parameterserver.shard.Consistency.Asynchronous;
import org.mobula.parameterserver.shard.Consistency.Synchronous;
import org.mobula.parameterserver.shard.ShardStatus.Role;

/** By the text of the kernels, on a machine without a GPU; and what only a test can break. */
@SuppressWarnings("FutureReturnValueIgnored") // What is pushed is not always waited for.
class InterpretedShardTest extends ShardDeviceContract {
  private final InterpretedDevice device = new InterpretedDevice();

  @Override
  protected ShardArithmetic arithmetic() {
    return device.arithmetic();
  }

  private static void assertRefused(CompletableFuture<?> answer, Refusal reason, String words) {
    assertThatExceptionOfType(CompletionException.class)
        .isThrownBy(answer::join)
        .havingCause()
        .isInstanceOfSatisfying(
            RefusedException.class, refused -> assertThat(refused.refusal()).isEqualTo(reason))
        .withMessageContaining(words);
  }

  @Test
  void memoryComesBackFromPushesThatAreNeverApplied() {
    Shard shard = onDevice(setup(Adam.defaults(), 1, new Asynchronous()), new float[SIZE]);
    int most = 0;
    for (int i = 0; i < 12; i++) {
      Consistency consistency = i % 4 < 2 ? new Asynchronous() : Synchronous.defaults();
      shard.setConsistency(Caller.reader(shard.status().join().epoch()), consistency).join();
      for (int worker = 0; worker < 3; worker++) {
        join(shard, worker);
        // In rounds of their own they wait for a commit, in the common one for each other.
        push(shard, worker, 2 * i + 1, 0, gaussians());
      }
      push(shard, 0, 2 * i + 2, 0, gaussians());
      long epoch = shard.status().join().epoch();
      if (i % 2 == 0) {
        var state = shard.snapshot(Caller.reader(epoch), 0).join().slice();
        shard.restore(new Restore(Caller.reader(epoch), state, 0)).join();
      }
      for (int worker = 0; worker < 3; worker++) {
        shard.leave(new Caller(worker, 7, epoch), "").join();
      }
      if (i < 4) {
        most = Math.max(most, device.arrays());
      }
      assertThat(device.arrays()).isLessThanOrEqualTo(most);
    }
  }

  @Test
  void aShardWhoseDeviceFailsHandsOverToItsReplica() {
    ShardSetup setup = setup(Sgd.defaults(), 0, Synchronous.defaults());
    Shard shard = onDevice(setup, new float[SIZE]);
    Shard replica = Shard.replica(setup, () -> 1);
    shard.replicateTo(new LocalShardLink(replica));
    join(shard, 0);
    join(shard, 1);
    push(shard, 0, 1, 0, gaussians());
    push(shard, 1, 1, 0, gaussians()).join();
    CompletableFuture<Stepped> waiting = push(shard, 0, 2, 1, gaussians());
    device.breakDown();
    CompletableFuture<Stepped> pushed = push(shard, 1, 2, 1, gaussians());
    String why = "numbers on an interpreter are lost (the interpreter has been broken)";
    assertRefused(pushed, Refusal.FENCED, why);
    assertRefused(waiting, Refusal.FENCED, why);
    ShardStatus status = shard.status().join();
    assertThat(status.role()).isEqualTo(Role.FENCED);
    assertThat(status.events()).containsEntry(ShardEvent.Kind.SHARD_LOST, 1L);
    assertRefused(shard.pull(new Pull(Caller.reader(0), 0), SliceReader.NONE), Refusal.FENCED, why);
    replica.promote(new Promote(new Ruling(7, 0, 12, true), 1)).join();
    push(replica, 0, 2, 1, gaussians());
    assertThat(push(replica, 1, 2, 1, gaussians()).join().version()).isEqualTo(2);
  }

  @Test
  void aReplicaWhoseDeviceFailsDoesNotFenceItsPrimary() {
    ShardSetup setup = setup(Sgd.defaults(), 0, new Asynchronous());
    Shard shard = Shard.primary(setup, FloatSlice.of(new float[SIZE]), () -> 1);
    Shard replica = replicaOnDevice(setup);
    shard.replicateTo(new LocalShardLink(replica));
    join(shard, 0);
    push(shard, 0, 1, 0, gaussians()).join();
    device.breakDown();
    assertThat(push(shard, 0, 2, 1, gaussians())).isNotDone();
    shard.expire();
    assertThat(shard.status().join().role()).isEqualTo(Role.REPLICATED_PRIMARY);
    ShardStatus status = replica.status().join();
    assertThat(status.role()).isEqualTo(Role.REPLICA);
    assertThat(status.version()).isEqualTo(1);
    assertThat(status.events()).containsEntry(ShardEvent.Kind.SHARD_LOST, 1L);
  }
}
