// What has been put on a stream and is not done yet: copies between host and device, all else, or everything (KN_EMULATED_LATE). It is done
// at the last moment that is legal, so that a stream which does not wait for it shows: when its own stream comes to something that is done
// at once, or somebody waits for it.
#pragma once
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <set>

namespace simt {
class Queue {
  public:
    Queue() {
        std::lock_guard<std::mutex> guard(all().lock);
        all().queues.insert(this);
    }
    ~Queue() {
        std::lock_guard<std::mutex> guard(all().lock);
        all().queues.erase(this);
    }
    Queue(const Queue&) = delete;
    Queue& operator=(const Queue&) = delete;

    void add(std::function<void()> work) {
        std::lock_guard<std::recursive_mutex> guard(lock_);
        left_.push_back(std::move(work));
    }

    /// How many have been put here so far, done or not.
    uint64_t position() {
        std::lock_guard<std::recursive_mutex> guard(lock_);
        return done_ + left_.size();
    }

    /// Does those that were here at the position. Nothing where it is one of them that asks: it comes after those before it anyway.
    void finish(uint64_t position = UINT64_MAX) {
        std::lock_guard<std::recursive_mutex> guard(lock_);
        if (busy_) return;
        busy_ = true;
        while (!left_.empty() && done_ < position) {
            const std::function<void()> next = std::move(left_.front());
            left_.pop_front();
            ++done_;
            next();
        }
        busy_ = false;
    }

    /// What waiting for the device does.
    static void finish_all() {
        std::lock_guard<std::mutex> guard(all().lock);
        for (Queue* queue : all().queues) queue->finish();
    }

  private:
    struct All {
        std::mutex lock;
        std::set<Queue*> queues;
    };
    // never ended, as queues may outlive what is static
    static All& all() {
        static All* all = new All();
        return *all;
    }

    std::recursive_mutex lock_;
    std::deque<std::function<void()>> left_;
    uint64_t done_ = 0;
    bool busy_ = false;
};

/// What an event marks.
struct Mark {
    std::shared_ptr<Queue> queue;
    uint64_t position = 0;

    void wait() const {
        if (queue) queue->finish(position);
    }
};
}  // namespace simt
