package org.mobula.serve.http;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** A process of its own that has no file descriptor left for a while. */
@Timeout(300)
@EnabledOnOs(OS.LINUX)
final class FileDescriptorsTest {
  private static final String EXHAUST = "exhaust";
  private static final String RELEASE = "release";

  /** Serves echoes, and takes all file descriptors that are left when it is told to. */
  public static void main(String... arguments) throws IOException {
    HttpConfig config = HttpConfig.onLoopback(0).withEventLoops(1); // one thread does everything
    List<FileInputStream> taken = new ArrayList<>();
    PrintStream out = System.out;
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, UTF_8));
    try (HttpServer server =
        arguments[0].equals("nio")
            ? HttpServer.startNio(config, ServerHarness.ECHO)
            : HttpServer.start(config, ServerHarness.ECHO)) {
      out.println(server.address().getPort());
      for (String line; (line = in.readLine()) != null; out.println(line)) {
        if (line.equals(EXHAUST)) {
          exhaust(taken);
        } else {
          for (FileInputStream file : taken) {
            file.close();
          }
        }
      }
    }
  }

  private static void exhaust(List<FileInputStream> taken) {
    try {
      while (true) {
        taken.add(new FileInputStream("/dev/null"));
      }
    } catch (IOException e) {
      return; // as meant
    }
  }

  @Test
  void takesConnectionsAgainOnceThereAreFiles() throws Exception {
    recovers("epoll");
  }

  @Test
  void soDoJavasOwnSelectors() throws Exception {
    recovers("nio");
  }

  private static void recovers(String transport) throws Exception {
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    Process process =
        new ProcessBuilder(
                "sh",
                "-c",
                "ulimit -n 512 && exec \"$0\" \"$@\"",
                java,
                "-Xshare:auto",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                FileDescriptorsTest.class.getName(),
                transport)
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try (BufferedReader out =
            new BufferedReader(new InputStreamReader(process.getInputStream(), UTF_8));
        PrintStream in = new PrintStream(process.getOutputStream(), true, UTF_8)) {
      InetSocketAddress address =
          new InetSocketAddress(InetAddress.getLoopbackAddress(), Integer.parseInt(out.readLine()));
      try (RawClient known = new RawClient(address)) {
        assertThat(known.send(RawClient.post("/", "a")).read().body()).isEqualTo("a");
        in.println(EXHAUST);
        assertThat(out.readLine()).isEqualTo(EXHAUST);
        try (RawClient waiting = new RawClient(address)) { // the system takes it, not the server
          for (int i = 0; i < 3; i++) { // by the second answer it has been tried to take it
            assertThat(known.send(RawClient.post("/", "b")).read().body()).isEqualTo("b");
          }
          in.println(RELEASE);
          assertThat(out.readLine()).isEqualTo(RELEASE);
          assertThat(waiting.send(RawClient.post("/", "c")).read().body()).isEqualTo("c");
        }
        try (RawClient later = new RawClient(address)) {
          assertThat(later.send(RawClient.post("/", "d")).read().body()).isEqualTo("d");
        }
      }
    } finally {
      process.destroy();
    }
  }
}
