package dev.mooring.model;

/**
 * A node's entry in the record of a session that it holds a copy of.
 *
 * @param load the number of the load that brought the copy, counted by the node; leaving removes only the load it saw
 * @param operation the number of that copy's newest change in the record, 0 for none: a change that the cluster runs
 *     twice counts once
 */
public record Holder(long load, long operation) {}
