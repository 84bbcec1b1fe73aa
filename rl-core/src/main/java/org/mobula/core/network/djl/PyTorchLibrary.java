package org.mobula.core.network.djl;

import java.io.IOException;
import java.io.InputStream;
import java.util.Locale;
import java.util.Properties;
import java.util.Set;

/**
 * PyTorch's own library, libtorch, which {@code org.mobula:rl-core} leaves to its user to add: it
 * weighs some 100 MB, is another file for each platform, and multilayer perceptrons on the Vector
 * API need none of it.
 */
public final class PyTorchLibrary {
  /** What {@code ai.djl.pytorch:pytorch-native-cpu} exists for, by the names of its classifiers. */
  private static final Set<String> PLATFORMS =
      Set.of("linux-x86_64", "linux-aarch64", "osx-aarch64", "win-x86_64");

  private PyTorchLibrary() {}

  /** What to do where PyTorch is needed and does not start, in one sentence without a stop. */
  public static String remedy() {
    return "start the JVM with --add-modules jdk.incubator.vector, which is enough for multilayer"
        + " perceptrons, or "
        + addition();
  }

  /** As {@link #remedy}, for what PyTorch alone computes: what to add to the class path. */
  public static String addition() {
    return addition(
        System.getProperty("os.name", ""), System.getProperty("os.arch", ""), version());
  }

  /**
   * What to add on this system.
   *
   * @param system as the system property {@code os.name}
   * @param architecture as {@code os.arch}
   * @param version of libtorch
   */
  static String addition(String system, String architecture, String version) {
    String platform = platform(system, architecture);
    if (!PLATFORMS.contains(platform)) {
      return "use a machine for which there is PyTorch "
          + version
          + ": there is none for "
          + platform
          + ", only for linux-x86_64, linux-aarch64, osx-aarch64 and win-x86_64";
    }
    return ("add PyTorch for %1$s to the class path; Maven: <dependency>"
            + "<groupId>ai.djl.pytorch</groupId><artifactId>pytorch-native-cpu</artifactId>"
            + "<version>%2$s</version><classifier>%1$s</classifier><scope>runtime</scope>"
            + "</dependency>; Gradle: runtimeOnly"
            + " 'ai.djl.pytorch:pytorch-native-cpu:%2$s:%1$s'; beside it belong"
            + " ai.djl.pytorch:pytorch-engine and pytorch-jni, which org.mobula:rl-core brings")
        .formatted(platform, version);
  }

  private static String platform(String system, String architecture) {
    String name = system.toLowerCase(Locale.ROOT);
    String processor =
        switch (architecture.toLowerCase(Locale.ROOT)) {
          case "amd64", "x86_64", "x86-64" -> "x86_64";
          case "aarch64", "arm64" -> "aarch64";
          default -> architecture;
        };
    if (name.startsWith("windows")) {
      return "win-" + processor;
    }
    if (name.startsWith("mac")) {
      return "osx-" + processor;
    }
    return name.replace(' ', '-') + "-" + processor;
  }

  /** The version that DJL's bridge was built for; where the bridge is missing, ours was. */
  private static String version() {
    try (InputStream file =
        PyTorchLibrary.class.getResourceAsStream("/jnilib/pytorch.properties")) {
      if (file != null) {
        Properties properties = new Properties();
        properties.load(file);
        String bridge = properties.getProperty("jni_version", "");
        if (bridge.contains("-")) {
          return bridge.substring(0, bridge.indexOf('-'));
        }
      }
    } catch (IOException e) {
      // as where the file is missing
    }
    return "2.7.1";
  }
}
