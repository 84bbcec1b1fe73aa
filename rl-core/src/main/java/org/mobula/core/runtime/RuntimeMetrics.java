package org.mobula.core.runtime;

/**
 * Counters since the start, tasks and actor calls together.
 *
 * @param submitted tasks and calls
 * @param queued waiting now: for dependencies, resources, a free CPU, or in a mailbox
 * @param running attempts running now
 * @param succeeded ended with a value
 * @param failed ended with an error, a passed deadline included
 * @param cancelled ended by a cancellation or by the runtime's close
 * @param retried attempts after the first
 * @param actorRestarts restarts of all actors
 * @param actorStartFailures factories of actors that threw, each try counted
 * @param liveActors actors neither dead nor killed
 */
public record RuntimeMetrics(
    long submitted,
    long queued,
    long running,
    long succeeded,
    long failed,
    long cancelled,
    long retried,
    long actorRestarts,
    long actorStartFailures,
    long liveActors) {}
