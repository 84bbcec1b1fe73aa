package org.mobula.serve.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.cert.X509Certificate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.mobula.core.testing.SelfSigned;
import org.mobula.serve.http.Tls;

@DisabledOnOs(value = OS.WINDOWS, disabledReason = "Windows has no POSIX permissions")
class CertificateFilesTest {
  @TempDir private Path folder;

  private static X509Certificate present(CertificateFiles files) {
    String alias = files.keys().getServerAliases("EC", null)[0];
    return files.keys().getCertificateChain(alias)[0];
  }

  private static void permit(Path file, String permissions) throws IOException {
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(permissions));
  }

  private static void replace(SelfSigned old, SelfSigned by) throws IOException {
    for (boolean key : new boolean[] {false, true}) {
      Path to = key ? old.privateKey() : old.certificate();
      Files.copy(key ? by.privateKey() : by.certificate(), to, StandardCopyOption.REPLACE_EXISTING);
      Files.setLastModifiedTime(
          to, FileTime.fromMillis(1)); // the file system's clock may be coarse
    }
  }

  @Test
  void aKeyThatOthersMayReadIsNotTakenWhenItIsReadAgain() throws Exception {
    SelfSigned first = SelfSigned.in(folder);
    SelfSigned second = SelfSigned.in(folder);
    CertificateFiles files = new CertificateFiles(new Tls(first.certificate(), first.privateKey()));
    assertThat(present(files)).isEqualTo(first.authority());
    files.look();
    assertThat(present(files)).isEqualTo(first.authority());

    replace(first, second);
    permit(first.privateKey(), "rw-r-----");
    files.look();
    assertThat(present(files)).as("others may read the key").isEqualTo(first.authority());

    permit(first.privateKey(), "rw-------");
    files.look();
    assertThat(present(files)).isEqualTo(second.authority());

    Files.writeString(first.certificate(), "");
    files.look();
    assertThat(present(files)).as("there is none in it").isEqualTo(second.authority());
  }

  @Test
  void aKeyThatOthersMayReadIsRefusedAtTheStart() throws Exception {
    SelfSigned self = SelfSigned.in(folder);
    permit(self.privateKey(), "rw-r--r--");
    assertThatThrownBy(() -> new CertificateFiles(new Tls(self.certificate(), self.privateKey())))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("chmod 600 " + self.privateKey());
  }
}
