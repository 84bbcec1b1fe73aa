package org.mobula.core.training;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The commit is found wherever git keeps it. */
class ProvenanceTest {
  private static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";

  @TempDir Path project;

  private void write(String file, String text) throws IOException {
    Path path = project.resolve(file);
    Files.createDirectories(path.getParent());
    Files.writeString(path, text + "\n");
  }

  @Test
  void findsTheCommitOfABranch() throws IOException {
    write(".git/HEAD", "ref: refs/heads/main");
    assertThat(Provenance.commit(project)).as("before the first commit").isNull();
    write(".git/refs/heads/main", COMMIT);
    assertThat(Provenance.commit(project.resolve("src/main"))).isEqualTo(COMMIT);
  }

  @Test
  void findsTheCommitOfABranchThatGitHasPacked() throws IOException {
    write(".git/HEAD", "ref: refs/heads/main");
    write(
        ".git/packed-refs",
        "# pack-refs with: peeled fully-peeled sorted\n"
            + COMMIT.replace('0', 'f')
            + " refs/heads/domain\n"
            + COMMIT
            + " refs/heads/main");
    assertThat(Provenance.commit(project)).isEqualTo(COMMIT);
  }

  @Test
  void findsTheCommitOfAWorktree() throws IOException {
    write("worktree/.git", "gitdir: " + project.resolve("main/.git/worktrees/own"));
    write("main/.git/worktrees/own/HEAD", "ref: refs/heads/own");
    write("main/.git/worktrees/own/commondir", "../..");
    write("main/.git/refs/heads/own", COMMIT);
    assertThat(Provenance.commit(project.resolve("worktree"))).isEqualTo(COMMIT);
  }

  @Test
  void findsTheCommitWithoutABranch() throws IOException {
    write(".git/HEAD", COMMIT);
    assertThat(Provenance.commit(project)).isEqualTo(COMMIT);
  }
}
