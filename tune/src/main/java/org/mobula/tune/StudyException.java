package org.mobula.tune;

/** A study cannot go on, whatever its parameters: thrown by objectives it ends the study. */
public final class StudyException extends RuntimeException {
  private static final long serialVersionUID = 1;

  /**
   * For a mistake that every trial would repeat.
   *
   * @param message what is wrong and what to do
   */
  public StudyException(String message) {
    super(message);
  }
}
