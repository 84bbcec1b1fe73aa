package org.mobula.core.network.djl;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The lines that bring PyTorch to a machine. */
class PyTorchLibraryTest {
  @ParameterizedTest
  @CsvSource({
    "Linux, amd64, linux-x86_64",
    "Linux, aarch64, linux-aarch64",
    "Mac OS X, aarch64, osx-aarch64",
    "Windows 11, amd64, win-x86_64"
  })
  void namesTheLinesOfThePlatform(String system, String architecture, String platform) {
    assertThat(PyTorchLibrary.addition(system, architecture, "2.7.1"))
        .isEqualTo(
            "add PyTorch for "
                + platform
                + " to the class path; Maven: <dependency><groupId>ai.djl.pytorch</groupId>"
                + "<artifactId>pytorch-native-cpu</artifactId><version>2.7.1</version><classifier>"
                + platform
                + "</classifier><scope>runtime</scope></dependency>; Gradle: runtimeOnly"
                + " 'ai.djl.pytorch:pytorch-native-cpu:2.7.1:"
                + platform
                + "'; beside it belong ai.djl.pytorch:pytorch-engine and pytorch-jni, which"
                + " org.mobula:rl-core brings");
  }

  @ParameterizedTest
  @CsvSource({"Mac OS X, x86_64, osx-x86_64", "Linux, riscv64, linux-riscv64"})
  void saysWhereThereIsNone(String system, String architecture, String platform) {
    assertThat(PyTorchLibrary.addition(system, architecture, "2.7.1"))
        .isEqualTo(
            "use a machine for which there is PyTorch 2.7.1: there is none for "
                + platform
                + ", only for linux-x86_64, linux-aarch64, osx-aarch64 and win-x86_64");
  }

  /** What is named is what the tests themselves run with, wherever there is one. */
  @Test
  void namesWhatTheTestsRunWith() {
    List<String> libraries =
        Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
            .map(entry -> new File(entry).getName())
            .filter(name -> name.startsWith("pytorch-native-cpu-"))
            .toList();
    for (String library : libraries) {
      String coordinates = library.replace("pytorch-native-cpu-", "").replace(".jar", "");
      int dash = coordinates.indexOf('-');
      assertThat(PyTorchLibrary.remedy())
          .startsWith("start the JVM with --add-modules jdk.incubator.vector, which is enough for")
          .contains(
              "pytorch-native-cpu:"
                  + coordinates.substring(0, dash)
                  + ":"
                  + coordinates.substring(dash + 1));
    }
  }
}
