package org.mobula.serve.batch;

/** Why a request has no result. */
public enum Failure {
  /** Too many requests wait. */
  OVERLOADED("too many requests wait; try again later"),
  /** The version is being taken away. */
  CLOSED("the model is being unloaded; try again later"),
  /** Its time was over. */
  EXPIRED("the request was not answered in time"),
  /** The replica that computed it died. */
  REPLICA_DIED("the replica that computed the request died; try again"),
  /** The model threw an error. */
  MODEL_FAILED("the model failed on this request");

  private final String sentence;

  Failure(String sentence) {
    this.sentence = sentence;
  }

  /** For the client. */
  public String sentence() {
    return sentence;
  }
}
