package org.mobula.core.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisabledOnOs(value = OS.WINDOWS, disabledReason = "Windows has other permissions")
class SecretFileTest {
  @TempDir private Path folder;

  private Path file(String name, String permissions) throws IOException {
    Path file = Files.writeString(folder.resolve(name), " the secret\n");
    return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(permissions));
  }

  @ParameterizedTest
  @ValueSource(strings = {"rw-r--r--", "rw-r-----", "rw----r--", "rw--w----", "rw-----w-"})
  void whatOthersMayReadOrWriteIsRefused(String permissions) throws IOException {
    Path file = file("token", permissions);
    assertThatThrownBy(() -> SecretFile.read(file))
        .isInstanceOf(InvalidValueException.class)
        .hasMessage(
            "%s is %s but must be its owner's alone, since it holds a secret: chmod 600 %s"
                .formatted(file, permissions, file));
  }

  @Test
  void theCommandIsOneThatAShellTakes() throws IOException {
    Path file = file("Ann's token", "rw-r--r--");
    assertThatThrownBy(() -> SecretFile.check(file))
        .hasMessageEndingWith(": chmod 600 '" + folder + "/Ann'\\''s token'");
  }

  @ParameterizedTest
  @ValueSource(strings = {"rw-------", "r--------", "rwx--x--x"})
  void whatIsTheOwnersIsRead(String permissions) throws IOException {
    assertThat(SecretFile.read(file("token", permissions))).isEqualTo("the secret");
  }

  @Test
  void aLinkIsAsGoodAsItsFile() throws IOException {
    Path link = Files.createSymbolicLink(folder.resolve("link"), file("token", "rw-r--r--"));
    assertThatThrownBy(() -> SecretFile.read(link)).isInstanceOf(InvalidValueException.class);
    Path good = Files.createSymbolicLink(folder.resolve("good"), file("other", "rw-------"));
    assertThat(SecretFile.read(good)).isEqualTo("the secret");
  }

  @Test
  void whatIsWrittenIsTheOwners() throws IOException {
    Path file = file("token", "rw-r--r--");
    SecretFile.write(file, "another");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");
    assertThat(SecretFile.read(file)).isEqualTo("another");
  }

  @Test
  void aFileThatIsNotThereIsNoSecret() {
    assertThatThrownBy(() -> SecretFile.read(folder.resolve("none")))
        .isInstanceOf(NoSuchFileException.class);
  }
}
