package org.mobula.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.mobula.parameterserver.ShardHost;
import org.mobula.parameterserver.shard.ShardEvent;
import picocli.CommandLine.ExitCode;

@Timeout(60)
class ShardProcessTest {
  @TempDir private Path folder;

  private ShardProcess process() throws IOException {
    return new ShardProcess(
        new ShardProcess.Options(
            Path.of(TrainingFiles.tiny(folder)),
            List.of(),
            0,
            1,
            "127.0.0.1:0",
            null,
            null,
            null,
            false,
            null,
            null,
            null,
            false));
  }

  /** As where a GPU fails: the shard is fenced then, and of no use to anybody. */
  @Test
  void aShardThatHasLostItsNumbersEndsWithItsReason() throws IOException {
    ShardProcess process = process();
    try (ShardHost host = process.start()) {
      process.hear(new ShardEvent(ShardEvent.Kind.LEARNER_JOINED, 0, "learner 0 has joined"));
      process.hear(
          new ShardEvent(
              ShardEvent.Kind.SHARD_LOST, 0, "the shard's numbers on a GPU are lost (it is gone)"));
      assertThatThrownBy(() -> process.serve(host))
          .isInstanceOfSatisfying(
              CommandFailure.class,
              failure -> {
                assertThat(failure.exitCode()).isEqualTo(ExitCode.SOFTWARE);
                assertThat(failure.remedy())
                    .isEqualTo(
                        "Its replica takes over where there is one; else start it anew with"
                            + " --restore RUN.");
              })
          .hasMessage(
              "mobula: shard 0/1 has ended: the shard's numbers on a GPU are lost (it is gone)");
    }
  }
}
