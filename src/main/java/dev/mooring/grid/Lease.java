package dev.mooring.grid;

/**
 * How long this node may trust its copies without asking. Immutable; a reader takes one and looks at both parts.
 *
 * @param epoch a copy that was current in another epoch may have missed a notice
 * @param until {@link System#nanoTime()} at which the trust ends
 */
record Lease(long epoch, long until) {

    /** What no copy's epoch ever is. */
    static final long LAPSED = -1;

    static Lease lapsed() {
        return new Lease(LAPSED, System.nanoTime());
    }

    long epochAt(long nanoTime) {
        return nanoTime - until < 0 ? epoch : LAPSED;
    }
}
