package org.mobula.cli.output;

import picocli.CommandLine.Model.CommandSpec;

/** The program that a command belongs to. */
public interface Program {
  /** The terminal, and what is typed to start this program again. */
  Terminal terminal();

  /** The program of a command at any depth. */
  static Program of(CommandSpec command) {
    return (Program) command.root().userObject();
  }
}
