package org.mobula.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.mobula.cli.output.Terminal;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help;

class CommandLineTest {
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @Test
  void printsItsVersion() {
    assertThat(run("--version")).isZero();
    assertThat(out.toString()).startsWith("mobula ").contains("(Java ").hasLineCount(1);
  }

  @Test
  void helpListsTheCommands() {
    assertThat(run("--help")).isZero();
    assertThat(out.toString()).contains("doctor").contains("completion");
  }

  @Test
  void helpNamesValuesAsPeopleWriteThem() {
    assertThat(
            allCommands(Main.commandLine(Terminal.NONE))
                .map(command -> command.getUsageMessage(Help.Ansi.OFF)))
        .hasSizeGreaterThan(15)
        .allSatisfy(usage -> assertThat(usage).doesNotContainPattern("<\\w+>"));
  }

  private static Stream<CommandLine> allCommands(CommandLine command) {
    return Stream.concat(
        Stream.of(command),
        command.getSubcommands().values().stream().flatMap(CommandLineTest::allCommands));
  }

  @Test
  void answersBadUsageInThreeLinesWithCode2() {
    assertThat(run("docto")).isEqualTo(2);
    assertThat(err.toString())
        .startsWith("mobula: Unmatched argument at index 0: 'docto'")
        .contains("doctor")
        .contains("Try: mobula --help");
    assertThat(err.toString().lines()).hasSizeLessThanOrEqualTo(3);
    assertThat(out.toString()).isEmpty();
  }

  @Test
  void asksForAMissingCommand() {
    assertThat(run()).isEqualTo(2);
    assertThat(err.toString())
        .isEqualToIgnoringNewLines("mobula: a command is missing\nTry: mobula --help\n");
  }

  @Test
  void pointsToTheHelpOfTheCommandInHand() {
    assertThat(run("doctor", "--jso")).isEqualTo(2);
    assertThat(err.toString()).contains("'--jso'").contains("--json").contains("doctor --help");
  }

  @Test
  void showsAStackTraceOnlyWhenAsked() {
    assertThat(run("fail")).isEqualTo(1);
    assertThat(err.toString())
        .isEqualToIgnoringNewLines("mobula: no luck\nAdd --debug for the stack trace.\n");
    assertThat(run("fail", "--debug")).isEqualTo(1);
    assertThat(err.toString()).contains("java.io.IOException: no luck").contains("\tat ");
  }

  @Test
  void completionKnowsCommandsAndOptions() {
    assertThat(run("completion")).isZero();
    assertThat(out.toString()).contains("complete ").contains("doctor").contains("--engines");
  }

  private int run(String... arguments) {
    CommandLine commandLine = Main.commandLine(Terminal.NONE);
    commandLine.addSubcommand(new Fail());
    return commandLine
        .setOut(new PrintWriter(out, true))
        .setErr(new PrintWriter(err, true))
        .setExecutionExceptionHandler(commandLine.getExecutionExceptionHandler())
        .setParameterExceptionHandler(commandLine.getParameterExceptionHandler())
        .execute(arguments);
  }

  @Command(name = "fail")
  private static final class Fail implements java.util.concurrent.Callable<Integer> {
    @Override
    public Integer call() throws java.io.IOException {
      throw new java.io.IOException("no luck");
    }
  }
}
