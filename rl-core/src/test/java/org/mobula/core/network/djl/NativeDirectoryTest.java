package org.mobula.core.network.djl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

@DisabledOnOs(value = OS.WINDOWS, disabledReason = "Windows has other permissions")
class NativeDirectoryTest {
  private static final int SOMEBODY_ELSE = 54_321;

  @TempDir private Path folder;

  private static String permissions(Path directory) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(directory));
  }

  @Test
  void isMadeForItsOwnerAlone() throws IOException {
    Path directory = folder.resolve("home/.djl.ai");
    NativeDirectory.secure(directory);
    NativeDirectory.secure(directory);
    assertThat(permissions(directory)).isEqualTo("rwx------");
  }

  @Test
  void oneThatWasThereIsTakenAsItIsUnlessEverybodyMayWrite() throws IOException {
    Path directory = Files.createDirectory(folder.resolve(".djl.ai"));
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxrwxr-x"));
    NativeDirectory.secure(directory);
    assertThat(permissions(directory)).isEqualTo("rwxrwxr-x");
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxrwxrwx"));
    assertThatThrownBy(() -> NativeDirectory.secure(directory))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage(
            "native libraries would be loaded from %s, where everybody can put some: set"
                    .formatted(directory)
                + " DJL_CACHE_DIR to a directory of your own");
  }

  @Test
  void anotherUsersIsRefusedAndSoIsAnotherUsersLink() throws IOException {
    Path directory = Files.createDirectory(folder.resolve(".djl.ai"));
    Path link =
        Files.createSymbolicLink(
            folder.resolve("link"), Files.createDirectory(folder.resolve("own")));
    NativeDirectory.secure(link);
    try {
      Files.setAttribute(directory, "unix:uid", SOMEBODY_ELSE);
      Files.setAttribute(link, "unix:uid", SOMEBODY_ELSE, LinkOption.NOFOLLOW_LINKS);
    } catch (IOException e) {
      assumeTrue(false, "only root can give a directory to another user");
    }
    for (Path each : new Path[] {directory, link}) {
      assertThatThrownBy(() -> NativeDirectory.secure(each))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("%s, which belongs to another user: set DJL_CACHE_DIR", each);
    }
  }
}
