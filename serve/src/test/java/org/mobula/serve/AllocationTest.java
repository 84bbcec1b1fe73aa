package org.mobula.serve;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.mobula.core.runtime.TaskRuntime;
import org.mobula.core.runtime.local.LocalTaskRuntime;
import org.mobula.serve.http.RawClient;
import org.mobula.serve.model.Policies;

/** What a request leaves on the heap beside the pooled buffers. */
@Timeout(300)
final class AllocationTest {
  private static final int WINDOW = 500;
  private static final int WINDOWS = 80;

  /** A fifth is of Netty's decoder, a third of Jackson's parser and generator. */
  private static final long MOST_BYTES = 5_500;

  private final ThreadMXBean threads =
      (ThreadMXBean) ManagementFactory.getPlatformMXBean(java.lang.management.ThreadMXBean.class);

  /** Until its methods are compiled it leaves more: the least of the windows counts. */
  @Test
  void aRequestLeavesLittle(@TempDir Path directory) throws IOException {
    Path run = directory.resolve("cartpole");
    Runs.best(Runs.checkpoint(run, 100, Policies.cartPole(1)));
    String request =
        RawClient.post("/v1/policies/cartpole/act", "{\"observation\":[0.1,0.2,-0.3,0.4]}");
    long least = Long.MAX_VALUE;
    try (TaskRuntime runtime = LocalTaskRuntime.builder().strict(false).build();
        PolicyServer server =
            PolicyServer.builder().port(0).runtime(runtime).model("cartpole", run).start();
        RawClient client = new RawClient(server.address())) {
      for (int window = 0; window < WINDOWS && least > MOST_BYTES; window++) {
        Map<Long, Long> before = allocated();
        for (int i = 0; i < WINDOW; i++) {
          assertThat(client.send(request).read().status()).isEqualTo(200);
        }
        Map<Long, Long> after = allocated();
        if (after.keySet().equals(before.keySet())) { // else one has ended, and its count with it
          least = Math.min(least, (sum(after) - sum(before)) / WINDOW);
        }
      }
    }
    assertThat(least).isLessThanOrEqualTo(MOST_BYTES);
  }

  /** Bytes that the threads which answer have asked the heap for. */
  private Map<Long, Long> allocated() {
    Map<Long, Long> bytes = new HashMap<>();
    for (ThreadInfo thread : threads.getThreadInfo(threads.getAllThreadIds())) {
      if (thread != null && thread.getThreadName().matches("(mobula|serve)-.*")) {
        long id = thread.getThreadId();
        bytes.put(id, threads.getThreadAllocatedBytes(id));
      }
    }
    return bytes;
  }

  private static long sum(Map<Long, Long> bytes) {
    return bytes.values().stream().mapToLong(Long::longValue).sum();
  }
}
