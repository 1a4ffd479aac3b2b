package dev.mooring.grid;

/**
 * A node's row in the map of nodes.
 *
 * @param epoch from {@value #FIRST_EPOCH}, grows each time the node comes back from a fence
 * @param beat grows with each renewal
 * @param fenced whether another node has given up waiting for this one; then nobody tells it anything until it has
 *     taken a new epoch
 */
record NodeRow(long epoch, long beat, boolean fenced) {

    /** The epoch of a node that has never been away. */
    static final long FIRST_EPOCH = 1;

    NodeRow renewed() {
        return new NodeRow(epoch, beat + 1, false);
    }

    /** Tells whether this row is what became of an older one by renewals only. */
    boolean isRenewalOf(NodeRow older) {
        return epoch == older.epoch && beat > older.beat && !fenced;
    }

    NodeRow fence() {
        return new NodeRow(epoch, beat, true);
    }

    NodeRow nextEpoch() {
        return new NodeRow(epoch + 1, 0, false);
    }
}
