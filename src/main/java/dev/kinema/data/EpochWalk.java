package dev.kinema.data;

import dev.kinema.KinemaException;
import java.util.BitSet;

/**
 * The way over the films, epoch by epoch: which film is tried next, given which have failed so far.
 *
 * <p>With {@code dropLast} an epoch has another step if, when the step before is complete, enough films are left that are not known to
 * fail. Where so many of those then fail that the order ends before the step is full, it is filled by going round to the order's start:
 * films are visited for the second time in that epoch, with other draws. None is in one step twice, because there are as many
 * films as a step takes, which the loader sees to. Later epochs know of the failures and are not filled.
 */
final class EpochWalk {
    /**
     * A film's turn.
     *
     * @param epoch number of the epoch
     * @param place in the epoch's order, going on beyond its end where it is gone round
     * @param film number of the film in the list
     * @param visit how often the epoch visited the film before
     */
    record Turn(long epoch, long place, int film, int visit) {
    }

    private final int films;
    private final LoaderSettings settings;
    private final BitSet failed;
    private int[] order;
    private long epoch;
    private long consumed;
    private long delivered;
    /** With dropLast: whether the epoch has the step that the next film belongs to. */
    private boolean stepComes;

    /**
     * @param start where it starts, between two batches
     * @param failed numbers of the films known to fail, which the walk goes on looking at
     */
    EpochWalk(int films, LoaderSettings settings, BitSet failed, LoaderPosition start) {
        this.films = films;
        this.settings = settings;
        this.failed = failed;
        epoch = start.epoch();
        consumed = start.consumed();
        if (consumed > 2L * films) {
            throw new KinemaException("the position to go on from has used " + consumed + " entries of an epoch of " + films
                + " films: it is of another list, start anew");
        }
        order = order();
        for (long place = 0; place < consumed; place++) {
            delivered += failed.get(film(place)) ? 0 : 1;
        }
        // positions lie between batches; a film that failed only at its second visit was counted as failed at both
        delivered = (delivered + settings.batch() - 1) / settings.batch() * settings.batch();
        decideStep();
    }

    private EpochWalk(EpochWalk from) {
        films = from.films;
        settings = from.settings;
        failed = from.failed;
        order = from.order;
        epoch = from.epoch;
        consumed = from.consumed;
        delivered = from.delivered;
        stepComes = from.stepComes;
    }

    /** A second walk from the same place, to look ahead. */
    EpochWalk copy() {
        return new EpochWalk(this);
    }

    /** The next film to try, null after the last epoch. Going on is up to {@link #succeed} and {@link #fail}. */
    Turn turn() {
        while (epoch < settings.epochs()) {
            if (!epochIsOver()) {
                while (failed.get(film(consumed))) {
                    consumed++;
                }
                return new Turn(epoch, consumed, film(consumed), (int) (consumed / films));
            }
            epoch++;
            consumed = 0;
            delivered = 0;
            order = order();
            decideStep();
        }
        return null;
    }

    private int[] order() {
        return settings.shuffle() ? FilmDraws.order(settings.seed(), epoch, films) : FilmDraws.listOrder(films);
    }

    private int film(long place) {
        return order[(int) (place % films)];
    }

    /** The film whose turn it was is in the batch. */
    void succeed() {
        consumed++;
        delivered++;
        decideStep();
    }

    /** Decided when a step is complete and not taken back, because the batch before has been said not to be the epoch's last. */
    private void decideStep() {
        stepComes = delivered % settings.filmsPerStep() != 0 || areLeft(settings.filmsPerStep());
    }

    /** The film whose turn it was is known to fail. */
    void fail() {
        consumed++;
    }

    /** Whether no film of this epoch is to come any more. */
    boolean epochIsOver() {
        return settings.dropLast() ? !stepComes : !areLeft(1);
    }

    private boolean areLeft(int wanted) {
        int left = 0;
        for (long place = consumed; place < films && left < wanted; place++) {
            left += failed.get(film(place)) ? 0 : 1;
        }
        return left == wanted;
    }

    /** Films of this epoch delivered so far. */
    long delivered() {
        return delivered;
    }

    /** Where a loader is to go on that has delivered all up to here. */
    LoaderPosition position() {
        return epochIsOver() ? new LoaderPosition(epoch + 1, 0) : new LoaderPosition(epoch, consumed);
    }
}
