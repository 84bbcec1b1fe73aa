package org.mobula.parameterserver.shard;

/**
 * A worker as its shard and the shard's replica know it.
 *
 * @param worker its number
 * @param session that it joined with
 * @param applied the clock of its last push that was applied; one that was dropped since is dropped
 *     again by a replica that has taken over
 * @param progress steps as bounded staleness counts them: those of its pushes, from where the
 *     slowest worker was when it joined
 * @param present whether rounds wait for it
 */
public record Member(int worker, long session, long applied, long progress, boolean present) {}
