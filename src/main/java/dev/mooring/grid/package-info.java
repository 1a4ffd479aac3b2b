/**
 * This node's place in the Hazelcast cluster: the instance, the map of sessions, the notices between nodes. The only
 * package that imports {@code com.hazelcast}; it knows nothing of Jetty.
 *
 * <p>In which order to read:
 *
 * <ol>
 *   <li>{@link dev.mooring.grid.Grid}, all of it for one node, made over a {@code Link}: {@code MemberLink} with an
 *       embedded Hazelcast of a {@code MemberContext}, which {@code Pulse} does not believe after a standstill;
 *       {@code ClientLink} with servers, whose time {@code ServerClock} keeps, and some of whom {@code GivenUp} does
 *       not believe; both until the {@code Doubt} is over. {@code HazelcastSettings} are ours.
 *   <li>{@link dev.mooring.grid.SessionMap}, the records: {@code MemberSessionMap} sends an {@code ApplyChange},
 *       {@code ClientSessionMap} swaps whole records and gives them their {@code TimesToLive}, many at a time in
 *       {@code Lanes}; both by {@code StoreCalls}, which make one exception of every way of not getting an answer,
 *       within the thread's {@link dev.mooring.grid.Patience}. {@link dev.mooring.grid.Aliases} are the later ids;
 *       {@code LeftOver} asks for what should have ended, {@code MergeRecords} heals a split, and
 *       {@code GridSerializers} say how all of that travels.
 *   <li>{@link dev.mooring.grid.NodeLease}, for how long this node may trust its copies, a {@code Lease} at a time,
 *       with its {@code NodeRow} that the others see; {@link dev.mooring.grid.Peers}, the others, by its
 *       {@code Sightings} of theirs.
 *   <li>{@link dev.mooring.grid.Inbox}, what nodes tell and ask each other.
 *   <li>{@code OwnThreads} make the threads of pools, among them the {@code AnswerThreads} of Hazelcast.
 * </ol>
 */
@NullMarked
package dev.mooring.grid;

import org.jspecify.annotations.NullMarked;
